/** 128 random bits, 32 lower hex digits: nobody else knows them. Loads what it needs when it needs it: most calls do not. */
export const random = (): string => process.getBuiltinModule('node:crypto').randomBytes(16).toString('hex');
