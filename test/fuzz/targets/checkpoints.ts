/** Weight files: safetensors, pickles in zips, ONNX exports, LoRAs. */
import fc from 'fast-check';
import { readExported } from '../../../src/graph/onnxExport/read';
import { openCheckpoint } from '../../../src/model/checkpoint/open';
import { readPickle } from '../../../src/model/checkpoint/pickle';
import { bytesSource, type RandomAccess } from '../../../src/model/checkpoint/reader';
import { readZipEntries } from '../../../src/model/checkpoint/zip';
import { readEmbeddingFile } from '../../../src/model/embedding/file';
import { readLoraFile } from '../../../src/model/lora/file';
import { mutatedBytes, mutatedJson } from '../mutate';
import { target } from '../target';
import { firstTensors, golden, isNamed, safetensorsFile } from './bases';

const open = (name: string, bytes: Uint8Array<ArrayBuffer>) => openCheckpoint(bytesSource(name, bytes));

const text = firstTensors('models/sd15/text_encoder/model.safetensors', 4);
const lora = firstTensors('loras/kohya.safetensors', 9);
const archive = golden('checkpoints/sd15-bin/text_encoder/pytorch_model.bin');
const archiveFile = bytesSource('model.ckpt', archive);
const entry = [...(await readZipEntries(archiveFile)).values()].find(({ name }) => name.endsWith('data.pkl'));
if (entry === undefined) throw new Error('the golden checkpoint has no pickle');
const pickle = archive.slice(entry.offset, entry.offset + entry.size);
const words = firstTensors('inversions/xl.safetensors', 2);
const graph = golden('onnx/inpaint/vae_encoder/model.onnx');

/** A file of a size that nobody has, whose bytes are asked for where they are claimed to be. */
function pretending(file: RandomAccess, size: number): RandomAccess {
  return { ...file, size };
}

export const checkpointTargets = [
  target({
    name: 'safetensors, bytes',
    input: mutatedBytes(safetensorsFile(JSON.stringify(text.header), text.dataBytes)),
    take: (bytes) => open('model.safetensors', bytes),
    isRefusal: isNamed,
  }),
  target({
    name: 'safetensors, header',
    input: mutatedJson(text.header),
    take: (header) => open('model.safetensors', safetensorsFile(header, text.dataBytes)),
    isRefusal: isNamed,
  }),
  target({
    name: 'zip with a pickle',
    input: fc.tuple(mutatedBytes(archive), fc.constantFrom(0, 0, 0, 1, 2 ** 31, 2 ** 40)),
    take: ([bytes, more]) =>
      openCheckpoint(pretending(bytesSource('model.ckpt', bytes), bytes.byteLength + more)),
    isRefusal: isNamed,
  }),
  target({
    name: 'pickle',
    input: fc.oneof(
      mutatedBytes(pickle),
      fc.array(opcode(), { maxLength: 60 }).map((codes) => Uint8Array.from(codes.flat())),
    ),
    take: (bytes) => readPickle(bytes, 'data.pkl'),
    isRefusal: isNamed,
  }),
  target({
    name: 'ONNX export',
    input: mutatedBytes(graph),
    take: (bytes) => readExported(bytesSource('model.onnx', bytes), async () => undefined),
    isRefusal: isNamed,
  }),
  target({
    name: 'LoRA',
    input: mutatedJson(lora.header),
    take: async (header) =>
      readLoraFile(await open('lora.safetensors', safetensorsFile(header, lora.dataBytes))),
    isRefusal: isNamed,
  }),
  target({
    name: 'embedding, safetensors',
    input: mutatedJson(words.header),
    take: (header) =>
      readEmbeddingFile(bytesSource('word.safetensors', safetensorsFile(header, words.dataBytes))),
    isRefusal: isNamed,
  }),
  target({
    name: 'embedding, pickle',
    input: fc.oneof(
      ...['a1111.pt', 'first.pt', 'learned_embeds.bin'].map((name) =>
        mutatedBytes(golden(`inversions/${name}`)),
      ),
    ),
    take: (bytes) => readEmbeddingFile(bytesSource('word.pt', bytes)),
    isRefusal: isNamed,
  }),
];

/** One opcode of a pickle with an argument of a kind that it takes, or not quite. */
function opcode(): fc.Arbitrary<number[]> {
  const bytes = (value: string) => [...new TextEncoder().encode(value)];
  const line = fc.constantFrom(
    'torch\n_utils\n',
    '__main__\nX\n',
    'collections\nOrderedDict\n',
    '1\n',
    'a\n',
    '-9\n',
    '1L\n',
    '\n',
  );
  const plain = fc
    .constantFrom(...bytes('()]}.NtaseudbR0125lo\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94\x81\x82Q'))
    .map((code) => [code]);
  return fc.oneof(
    { weight: 4, arbitrary: plain },
    fc.tuple(fc.constantFrom(...bytes('cIFLSVgp')), line).map(([code, value]) => [code, ...bytes(value)]),
    fc
      .tuple(
        fc.constantFrom(...bytes('KMJ\x80qhrjX\x8cBCT\x8a\x8b\x8d\x8e\x95')),
        fc.uint8Array({ maxLength: 9 }),
      )
      .map(([code, rest]) => [code, ...rest]),
  );
}
