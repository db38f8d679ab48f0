/** How a connection is opened, whatever is spoken on it. */

/** How long that may take, in milliseconds. */
export const connectTimeout = 10_000;

/** Node gives each address 250 ms, too little for a server that is merely far away. */
export const patientlyByAddress = { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 1000 } as const;
