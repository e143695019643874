/** What stands in for the hosted API in end-to-end tests: `npm start` learns its key and address before it starts. */

/** Looked for wherever it must not be. */
export const SERVER_KEY = 'marker-key-of-the-server-0123456789';

/** Where a test that wants it listens. */
export function hostedPort(): number {
  return Number(process.env.INLAY_HOSTED_PORT ?? Number(process.env.PORT ?? 4599) + 1);
}
