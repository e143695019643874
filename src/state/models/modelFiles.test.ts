import { expect, it } from 'vitest';
import { ownModels } from './modelFiles';

const listed = (...paths: string[]) => paths.map((path) => ({ path, file: new File([path], path) }));

/** Title and paths of each. */
function found(...paths: string[]): Record<string, string[]> {
  const own = ownModels(listed(...paths));
  if (typeof own === 'string') throw new Error(own);
  return Object.fromEntries(own.map(({ title, files }) => [title, [...files.keys()]]));
}
const titles = (...paths: string[]) => Object.keys(found(...paths));

it('takes a single file under its name', () => {
  expect(found('dream.safetensors')).toEqual({ 'dream.safetensors': ['dream.safetensors'] });
});

it('takes a folder from where its model_index.json lies', () => {
  const paths = ['backup/readme.txt', 'backup/sd/model_index.json', 'backup/sd/unet/config.json'];
  expect(found(...paths)).toEqual({ sd: ['model_index.json', 'unet/config.json'] });
});

it('takes every model of a folder, the one nearest its top first, whatever the lengths of their names', () => {
  expect(
    titles('m/a/b/c/model_index.json', 'm/a-long-name/model_index.json', 'm/second/model_index.json'),
  ).toEqual(['a-long-name', 'second', 'c']);
  // The outer model's files are its own; the inner one counts as a model too.
  expect(found('m/model_index.json', 'm/onnx/model_index.json')).toEqual({
    m: ['model_index.json', 'onnx/model_index.json'],
    onnx: ['model_index.json'],
  });
});

it('tells models of one name apart by where they lie', () => {
  expect(titles('m/a/sd/model_index.json', 'm/b/sd/model_index.json', 'm/b/xl/model_index.json')).toEqual([
    'a/sd',
    'b/sd',
    'xl',
  ]);
});

it('takes single files where a folder holds nothing else: those nearest its top, by name', () => {
  expect(
    titles('m/readme.txt', 'm/xl.safetensors', 'm/a.ckpt', 'm/old/b.ckpt', 'm/model.safetensors'),
  ).toEqual(['a.ckpt', 'xl.safetensors']);
  // They belong to the model whose folder they are in.
  expect(titles('m/model_index.json', 'm/v1-5.safetensors')).toEqual(['m']);
});

it('says what is wrong with anything else', () => {
  expect(ownModels([])).toMatch(/empty/);
  expect(ownModels(listed('notes.txt'))).toMatch(/notes.txt is not a model file/);
  expect(ownModels(listed('photos/a.jpg', 'photos/b.jpg'))).toMatch(/no model_index.json/);
  expect(ownModels(listed('m/unet/diffusion_pytorch_model.safetensors'))).toMatch(/no model_index.json/);
});
