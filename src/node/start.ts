/** `npm start`: builds the page and serves it. Takes PORT (4173) and HOST (localhost). */
import { build, preview } from 'vite';
import { messageOf } from '../engine/errors';

const port = Number(process.env.PORT ?? 4173);
if (!Number.isInteger(port) || port < 0 || port > 65535) {
  console.error(`PORT: "${process.env.PORT}" is no port number (0 to 65535)`);
  process.exit(2);
}
await build({ logLevel: 'warn' });
const server = await preview({
  logLevel: 'warn',
  preview: { port, strictPort: true, host: process.env.HOST ?? 'localhost' },
}).catch((error: unknown) => {
  console.error(`The page cannot be served: ${messageOf(error)}`);
  process.exit(1);
});
console.log(`Inlay is at ${server.resolvedUrls?.local[0] ?? server.resolvedUrls?.network[0]}`);
