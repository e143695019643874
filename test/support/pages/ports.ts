/** What the servers and tests of a run must agree on before they start: ports and a key. */

/** e2e/run.ts picks free ports, so that the server of another checkout, or one left running, never answers. */
export const PORT_VARIABLES = ['PORT', 'INLAY_HOSTED_PORT', 'INLAY_HARNESS_PORT', 'INLAY_HUB_PORT'] as const;

function port(variable: (typeof PORT_VARIABLES)[number]): number {
  return Number(process.env[variable] ?? 4599 + PORT_VARIABLES.indexOf(variable));
}

/** Where `npm start` serves the built page. */
export const pagePort = () => port('PORT');

/** Where a test's fake of the hosted API listens; the proxy of `npm start` forwards to it. */
export const hostedPort = () => port('INLAY_HOSTED_PORT');

/** Where the harness pages are served. */
export const harnessPort = () => port('INLAY_HARNESS_PORT');

/** Where the built page looks for models named by id by default: a test's hub, or nothing. */
export const hubPort = () => port('INLAY_HUB_PORT');

/** The API key of the `npm start` proxy. Tests search for it wherever it must not appear. */
export const SERVER_KEY = 'marker-key-of-the-server-0123456789';
