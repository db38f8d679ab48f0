/** How a connection is opened, whatever is spoken on it. */

/** How long that may take, in milliseconds. */
export const connectTimeout = 10_000;

/** Node's 250 ms for each address give up on servers that are merely far away. */
export const patientlyByAddress = { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 1000 } as const;
