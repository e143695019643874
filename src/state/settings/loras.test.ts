import { expect, it } from 'vitest';
import { emptyLora, type LoraSetting } from './loras';
import { checkSettings, initialSettings } from './settings';

const check = (loras: LoraSetting[]) => checkSettings({ ...initialSettings, loras });

it('takes names and files, 1 where no weight is given, and no empty rows', () => {
  const file = new File(['x'], 'style.safetensors');
  const rows = [
    { ...emptyLora(), source: ' owner/name ', weight: '0.7' },
    { ...emptyLora(), source: file },
    emptyLora(),
  ];
  expect(check(rows).checked?.loras).toEqual([
    { source: 'owner/name', weight: 0.7 },
    { source: file, weight: 1 },
  ]);
});

it.each(['much', '11', '-10.1'])('says what is wrong with a weight of %j', (weight) => {
  const rows = [
    { ...emptyLora(), source: 'a/b' },
    { ...emptyLora(), source: 'c/d', weight },
  ];
  expect(check(rows).errors?.loras).toBe('LoRA 2: its weight must be a number from -10 to 10.');
});

it('takes eight at most', () => {
  const rows = Array.from({ length: 9 }, () => ({ ...emptyLora(), source: 'a/b' }));
  expect(check(rows).errors?.loras).toBe('LoRAs: at most 8.');
});
