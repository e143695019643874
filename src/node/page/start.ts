/** `npm start`: builds the page and serves it. Takes PORT (4173) and HOST (localhost). */
import { createServer } from 'node:net';
import { messageOf } from '../../contract/errors';
import { listenReason } from '../systemError';

const port = Number(process.env.PORT ?? 4173);
const host = process.env.HOST ?? 'localhost';
if (!Number.isInteger(port) || port < 0 || port > 65535) {
  console.error(`PORT: "${process.env.PORT}" is not a port number (0 to 65535)`);
  process.exit(2);
}
await tryPort();
console.log('Building the page; this takes up to a minute…');
// Loading Vite takes a second: the line above comes first.
const { build, preview } = await import('vite');
await build({ logLevel: 'warn' });
const server = await preview({ logLevel: 'warn', preview: { port, strictPort: true, host } }).catch(refuse);
console.log(`Inlay is running at ${server.resolvedUrls?.local[0] ?? server.resolvedUrls?.network[0]}`);

/** Opens the port and closes it again, so that a port in use is reported before the build. */
async function tryPort(): Promise<void> {
  const trial = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      trial.once('error', (error) => reject(new Error(listenReason(error, port, host))));
      trial.listen(port, host, resolve);
    });
  } catch (error) {
    refuse(error);
  }
  await new Promise((resolve) => trial.close(resolve));
}

function refuse(error: unknown): never {
  console.error(`The page can't be served: ${messageOf(error)}`);
  process.exit(1);
}
