/** `npm run serve`: the hosted API's endpoint on this device. */
import { InputError, messageOf } from '../../contract/errors';
import { startServer } from './listen';
import { createLog } from './log';
import { parseServerOptions, usage } from './options';

try {
  const options = parseServerOptions(process.argv.slice(2), process.env);
  if (options === 'help') {
    process.stdout.write(usage);
  } else {
    const server = await startServer(options, { log: createLog((line) => process.stderr.write(line)) });
    console.log(`Inlay serves fal-ai/inpaint at ${server.url}`);
    const stop = () => {
      // A second signal ends the process at once.
      process.off('SIGINT', stop).off('SIGTERM', stop);
      void server.close(options.graceMs);
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
  }
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = error instanceof InputError ? 2 : 1;
}
