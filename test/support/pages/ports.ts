/** What the servers of a test run and its tests have to know of one another before they start: ports and a key. */

/** e2e/run.ts picks free ones: another checkout's server, or one left behind, must not answer for this one's. */
export const PORT_VARIABLES = ['PORT', 'INLAY_HOSTED_PORT', 'INLAY_HARNESS_PORT', 'INLAY_HUB_PORT'] as const;

function port(variable: (typeof PORT_VARIABLES)[number]): number {
  return Number(process.env[variable] ?? 4599 + PORT_VARIABLES.indexOf(variable));
}

/** Where `npm start` serves the built page. */
export const pagePort = () => port('PORT');

/** Where a test's stand-in for the hosted API listens: the proxy of `npm start` leads there. */
export const hostedPort = () => port('INLAY_HOSTED_PORT');

/** Where the harness's pages are served. */
export const harnessPort = () => port('INLAY_HARNESS_PORT');

/** Where the built page looks for models by id unless it is told otherwise: a test's hub, or nothing at all. */
export const hubPort = () => port('INLAY_HUB_PORT');

/** Of the server that the proxy of `npm start` leads to. Looked for wherever it must not be. */
export const SERVER_KEY = 'marker-key-of-the-server-0123456789';
