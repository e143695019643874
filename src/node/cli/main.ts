/** `npm run inpaint`: inpainting from the command line. */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InputError, isAbort, messageOf } from '../../contract/errors';
import type { InpaintResult } from '../../contract/schema';
import { createHost } from '../../host/createHost';
import { parseArguments } from './args';
import { cliPlatform } from './cliPlatform';
import { usage } from './flags';
import { inpaintFiles } from './inpaint';
import { createProgressLine } from './progress';

/**
 * @param answer formats the result for standard output; absent: the API's answer as JSON
 * @returns the exit code: 0, 1 for a failure, 2 for bad arguments
 */
export async function main(
  argv: readonly string[],
  answer: (result: InpaintResult) => string = (result) => JSON.stringify(result),
): Promise<number> {
  const controller = new AbortController();
  const stop = () => controller.abort();
  process.once('SIGINT', stop);
  const progress = createProgressLine(process.stderr);
  try {
    const args = parseArguments(argv);
    if (args === 'help') {
      process.stdout.write(usage);
      return 0;
    }
    const host = createHost(cliPlatform(args.threads));
    const run = {
      host,
      signal: controller.signal,
      onProgress: progress.show,
      onNote: progress.note,
    };
    const result = await inpaintFiles(args, run).finally(() => host.release());
    progress.end();
    process.stdout.write(`${answer(result)}\n`);
    return 0;
  } catch (error) {
    progress.end();
    if (isAbort(error)) process.stderr.write('Cancelled.\n');
    else process.stderr.write(`${messageOf(error)}\n`);
    return error instanceof InputError ? 2 : 1;
  } finally {
    process.off('SIGINT', stop);
  }
}

// Node resolves links in only one of the two.
const [, script] = process.argv;
if (script !== undefined && realpathSync(script) === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2));
}
