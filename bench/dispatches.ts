/**
 * What one call of each network asks of a GPU, counted on a device that computes nothing (test/support/countingGpu): exact,
 * on any machine. Prints a line of JSON for each graph; `--write` keeps them in bench/results/dispatches.json, which
 * test/dispatches.test.ts compares with.
 */
import { writeFileSync } from 'node:fs';
import { NVIDIA } from '../test/support/countingGpu/device';
import { countedModels, countModel } from '../test/support/countingGpu/models';
import { openCountingGpu } from '../test/support/countingGpu/runtime';

const gpu = await openCountingGpu(NVIDIA);
const lines = [];
for (const model of countedModels) {
  for await (const line of countModel(gpu, model)) {
    console.log(JSON.stringify(line));
    lines.push(line);
  }
}
if (process.argv.includes('--write'))
  writeFileSync('bench/results/dispatches.json', `${JSON.stringify(lines, null, 2)}\n`);
// ONNX Runtime keeps the process alive.
process.exit(0);
