// How much Drone stores of a build's parameters: MySQL takes 2000 bytes, and what is longer is a build that fails.

export const maxParamsBytes = 1500;
/** `"AIRLOCK_NONCE":"<32 hex>",` */
const nonceBytes = 64;

/** Bytes of the JSON that Drone stores: Go writes <, > and & as six characters each. */
function storedBytes(params: Readonly<Record<string, string>>): number {
  return Buffer.byteLength(JSON.stringify(params).replace(/[<>&\u2028\u2029]/g, '\\u0000'));
}

/** With room for the nonce, which is to be no part of `params`. */
export const paramsSize = (params: Readonly<Record<string, string>>): number => storedBytes(params) + nonceBytes;
