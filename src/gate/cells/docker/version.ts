// Which version of the API is spoken. Released engines differ in the oldest that they take (20.10: 1.12, 29: 1.44), so
// it is asked for and never assumed.

/** Written for engines 20.10 (1.41) to 29 (1.56). */
const oldest = 40;
const newest = 56;

export interface EngineVersions {
  readonly ApiVersion: string;
  readonly MinAPIVersion: string;
}

function minor(version: string): number | null {
  const match = /^1\.(\d{1,3})$/.exec(version);
  return match === null ? null : Number(match[1]);
}

/** The path's first part, for example `/v1.41`; null: this engine and this gate have no version in common. */
export function negotiate({ ApiVersion, MinAPIVersion }: EngineVersions): string | null {
  const highest = minor(ApiVersion);
  const lowest = minor(MinAPIVersion);
  if (highest === null || lowest === null) return null;
  const spoken = Math.min(highest, newest);
  return spoken >= oldest && spoken >= lowest ? `/v1.${spoken}` : null;
}

export const spokenVersions = `1.${oldest} to 1.${newest}`;
