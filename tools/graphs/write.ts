/**
 * Writes the graphs of every family at true size, for every target, without weights: `tsx tools/graphs/write.ts FOLDER`.
 * `check.py` checks them with the onnx package. Next to each graph it writes the input sizes of one run and the output
 * sizes it must give.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { buildVaeDecoder, buildVaeEncoder } from '../../src/graph/networks/autoencoderKl';
import { buildClipText } from '../../src/graph/networks/clipText';
import { buildUnet2d } from '../../src/graph/networks/unet2d';
import { plainForms, wasmTarget } from '../../src/graph/onnx/targets';
import { recordTensors } from '../../src/graph/onnx/tensors';
import type { Graph, GraphTarget } from '../../src/graph/onnx/types';
import { parseVaeConfig } from '../../src/model/configs/autoencoderKl';
import { parseClipTextConfig } from '../../src/model/configs/clipText';
import { parseUnet2dConfig } from '../../src/model/configs/unet2d';
import { families, familyFiles } from '../../test/support/hub/families';

const fused = { multiHeadAttention: true, groupNorm: true, biasSplitGelu: true };
const targets: Record<string, GraphTarget> = {
  wasm: wasmTarget,
  'webgpu-fp32': { provider: 'webgpu', precision: 'fp32', forms: fused },
  'webgpu-fp16': { provider: 'webgpu', precision: 'fp16', forms: fused },
  'webgpu-fp16-plain': { provider: 'webgpu', precision: 'fp16', forms: plainForms },
};

interface Written {
  file: string;
  /** Sizes of the inputs' named dimensions. */
  dims: Record<string, number>;
  outputs: Record<string, readonly number[]>;
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: tsx tools/graphs/write.ts FOLDER');
await mkdir(folder, { recursive: true });
const written: Written[] = [];

for (const family of families) {
  const { configs } = familyFiles(family);
  for (const [targetName, target] of Object.entries(targets)) {
    const write = async (
      component: string,
      build: (tensors: ReturnType<typeof recordTensors>) => Graph,
      dims: Written['dims'],
      outputs: Written['outputs'],
    ) => {
      const file = `${family}.${targetName}.${component}.onnx`;
      await writeFile(
        `${folder}/${file}`,
        build(recordTensors(target.precision, /\.(query|key|value|proj_attn)\./)).bytes,
      );
      written.push({ file, dims, outputs });
    };
    const isXl = configs.has('text_encoder_2/config.json');
    for (const name of ['text_encoder', 'text_encoder_2']) {
      if (!configs.has(`${name}/config.json`)) continue;
      const config = parseClipTextConfig(configs.get(`${name}/config.json`), name);
      const pooled = name === 'text_encoder_2';
      const states = { hiddenState: isXl ? 'penultimate' : 'last', pooled } as const;
      await write(
        name,
        (tensors) => buildClipText(config, tensors, target, states, name),
        { batch: 2 },
        {
          last_hidden_state: [2, config.length, config.hiddenSize],
          ...(pooled && { pooled: [2, config.projection ?? config.hiddenSize] }),
        },
      );
    }
    const unet = parseUnet2dConfig(configs.get('unet/config.json'));
    // Odd at every level, and not square.
    const [height, width] = [unet.sampleSize + 1, unet.sampleSize - 9];
    await write(
      'unet',
      (tensors) => buildUnet2d(unet, tensors, target),
      { batch: 2, sample_batch: 1, mask_batch: 1, tokens: 154, height, width },
      { prediction: [2, 4, height, width] },
    );
    const vae = parseVaeConfig(configs.get('vae/config.json'));
    await write(
      'vae_encoder',
      (tensors) => buildVaeEncoder(vae, tensors, target),
      { batch: 1, height: 8 * height, width: 8 * width },
      { moments: [1, 8, height, width] },
    );
    await write(
      'vae_decoder',
      (tensors) => buildVaeDecoder(vae, tensors, target),
      { batch: 1, latent_height: height, latent_width: width },
      { pixels: [1, 3, 8 * height, 8 * width] },
    );
  }
}
await writeFile(`${folder}/graphs.json`, JSON.stringify(written));
console.log(`${written.length} graphs`);
