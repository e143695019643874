import { expect, it } from 'vitest';
import { ownModel } from './modelFiles';

const listed = (...paths: string[]) => paths.map((path) => ({ path, file: new File([path], path) }));

it('takes a single file under its name', () => {
  const own = ownModel(listed('dream.safetensors'));
  expect(own).toMatchObject({ title: 'dream.safetensors' });
  expect(typeof own === 'string' ? [] : [...own.files.keys()]).toEqual(['dream.safetensors']);
});

it('takes a folder from where its model_index.json lies', () => {
  const own = ownModel(
    listed('backup/readme.txt', 'backup/sd/model_index.json', 'backup/sd/unet/config.json'),
  );
  expect(own).toMatchObject({ title: 'sd' });
  expect(typeof own === 'string' ? [] : [...own.files.keys()]).toEqual([
    'model_index.json',
    'unet/config.json',
  ]);
});

it('says what is wrong with anything else', () => {
  expect(ownModel([])).toMatch(/empty/);
  expect(ownModel(listed('notes.txt'))).toMatch(/notes.txt is no model/);
  expect(ownModel(listed('photos/a.jpg', 'photos/b.jpg'))).toMatch(/no model_index.json/);
});
