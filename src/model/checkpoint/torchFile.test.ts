import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CheckpointError } from '../../contract/errors';
import { openCheckpoint } from './open';
import { lookUpGlobal } from './pickleGlobals';
import { bytesSource, type RandomAccess, readTensor } from './reader';

// goldens/checkpoints and goldens/models: tools/goldens/checkpoints.py and models.py, torch 2.9.1, diffusers 0.36.0.
const golden = (path: string) => bytesSource(path, new Uint8Array(readFileSync(`goldens/${path}`)));

describe('torch files', () => {
  it.each([
    ['text_encoder', 'pytorch_model.bin', 'model.safetensors'],
    ['vae', 'diffusion_pytorch_model.bin', 'diffusion_pytorch_model.safetensors'],
  ])(
    'a .bin of %s holds what the safetensors file holds, byte for byte',
    async (folder, bin, safetensors) => {
      const pickled = await openCheckpoint(golden(`checkpoints/sd15-bin/${folder}/${bin}`));
      const plain = await openCheckpoint(golden(`models/sd15/${folder}/${safetensors}`));
      expect([...pickled.tensors.keys()].sort()).toEqual([...plain.tensors.keys()].sort());
      for (const [key, tensor] of plain.tensors) {
        const found = pickled.tensors.get(key);
        expect([found?.dtype, found?.shape]).toEqual([tensor.dtype, tensor.shape]);
        expect(found && Buffer.compare(await readTensor(found), await readTensor(tensor)), key).toBe(0);
      }
    },
  );

  it('finds the weights of a training checkpoint beside callbacks, and its number of steps', async () => {
    const checkpoint = await openCheckpoint(golden('checkpoints/sd15.ckpt'));
    expect(checkpoint.globalStep).toBe(470_000);
    expect(checkpoint.tensors.get('betas')).toMatchObject({ dtype: 'F64', shape: [1000], length: 8000 });
    expect(checkpoint.tensors.get('model_ema.num_updates')).toMatchObject({
      dtype: 'I32',
      shape: [],
      length: 4,
    });
    const turned = checkpoint.tensors.get('model.diffusion_model.time_embed.0.weight');
    expect(turned).toMatchObject({ shape: [64, 16], strides: [1, 64] });
  });

  it('asks a network for a handful of parts of the file, not for one per tensor, and finds the same', async () => {
    const local = golden('checkpoints/sd15.ckpt');
    let reads = 0;
    const remote: RandomAccess = {
      ...local,
      remote: true,
      read: (offset, length, signal) => {
        reads++;
        return local.read(offset, length, signal);
      },
    };
    const places = async (file: RandomAccess) =>
      [...(await openCheckpoint(file)).tensors].map(([key, { offset, length }]) => [key, offset, length]);
    const found = await places(remote);
    expect(found).toEqual(await places(local));
    expect(found.length).toBeGreaterThan(300);
    expect(reads).toBeLessThan(12);
  });

  // Each would run a command, exhaust memory or time, or read past a storage in a reader that trusts it.
  const refused: [file: string, message: RegExp][] = [
    ['system-reduce', /the Python object "(posix|nt)\.system", which no checkpoint needs.*Nothing was run/],
    ['system-stack-global', /"(posix|nt)\.system"/],
    ['system-build', /"posix\.system"/],
    ['eval-nested', /"(builtins|__builtin__)\.eval"/],
    ['popen', /"(subprocess|commands)\.Popen"/],
    ['dotted-name', /"omegaconf\.utils\.os\.system"/],
    ['getattr', /"builtins\.getattr"/],
    ['laughs', /holds no tensors by name/],
    ['deep', /holds no tensors by name/],
    ['itself', /holds no tensors by name/],
    ['legacy', /format before version 1\.6, which is not supported/],
    ['compressed', /"archive\/data\.pkl" is compressed/],
    ['expanded', /tensor "a" repeats its values/],
    ['past-storage', /tensor "a" reaches past the end of its storage/],
  ];
  it.each(refused)('refuses %s by name', async (name, message) => {
    const opened = openCheckpoint(golden(`checkpoints/pickles/${name}.ckpt`));
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toThrow(CheckpointError);
    await expect(opened).rejects.toThrow(`pickles/${name}.ckpt`);
  });

  it('keeps no more of a training library than a name, and refuses its functions', () => {
    expect(lookUpGlobal('pytorch_lightning.callbacks.model_checkpoint', 'ModelCheckpoint')?.role).toBe(
      'inert',
    );
    expect(lookUpGlobal('pytorch_lightning.utilities.cloud_io', 'load')).toBeUndefined();
    expect(lookUpGlobal('pytorch_lightning', 'os.system')).toBeUndefined();
    expect(lookUpGlobal('numpy.testing._private.utils', 'runstring')).toBeUndefined();
    expect(lookUpGlobal('torch', 'constructor')).toBeUndefined();
  });

  it('says of a file cut at any place that it is damaged, and never anything else', async () => {
    const whole = new Uint8Array(readFileSync('goldens/checkpoints/sd15-bin/text_encoder/pytorch_model.bin'));
    for (let end = 0; end < whole.byteLength; end += 4099) {
      const cut = bytesSource('cut.bin', whole.slice(0, end));
      await expect(openCheckpoint(cut), `cut at ${end}`).rejects.toThrow(CheckpointError);
    }
  });

  it.each([
    ['the pickle', 64, 5000], // data.pkl begins at byte 64
    ['the directory', -5000, 5000],
  ])('never fails in another way than by name when bytes of %s are wrong', async (_part, begin, bytes) => {
    const file = new Uint8Array(readFileSync('goldens/checkpoints/sd15-bin/text_encoder/pytorch_model.bin'));
    const seed = { state: 1 };
    const random = (below: number) => {
      seed.state = (Math.imul(seed.state, 1664525) + 1013904223) >>> 0; // Numerical Recipes' generator
      return Math.floor((seed.state / 2 ** 32) * below);
    };
    const first = (file.byteLength + begin) % file.byteLength;
    for (let round = 0; round < 120; round++) {
      const wrong = file.slice();
      for (let n = 0; n < 4; n++) wrong[first + random(bytes)] = random(256);
      try {
        const { tensors } = await openCheckpoint(bytesSource('wrong.bin', wrong));
        // What is still accepted can be read: no tensor reaches outside the file.
        for (const tensor of tensors.values()) await readTensor(tensor);
      } catch (error) {
        expect(error).toBeInstanceOf(CheckpointError);
      }
    }
  });
});
