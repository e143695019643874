import { expect, it } from 'vitest';
import { maskContents } from '../image/maskContent';
import {
  defaultOf,
  fieldsIn,
  kindOf,
  type OptionScope,
  optionFields,
  optionRows,
  pickOptions,
  rangeOf,
  reasonUnused,
} from './options';

const scopes: OptionScope[] = ['request', 'local', 'page'];

it('has a row for each field of the contract, and each field in one object', () => {
  const fields = scopes.flatMap((scope) => fieldsIn(scope));
  expect(new Set(fields)).toEqual(new Set(optionFields));
  expect(fields).toHaveLength(optionFields.length);
});

it('has no label, flag or parameter twice', () => {
  const rows = Object.values(optionRows);
  for (const names of [
    rows.map(({ label }) => label),
    rows.flatMap(({ flag }) => (flag ? [flag.name] : [])),
    rows.flatMap(({ parameter }) => (parameter === undefined ? [] : [parameter])),
  ]) {
    expect(new Set(names).size).toBe(names.length);
  }
});

it('has for each control what it needs', () => {
  for (const field of optionFields) {
    const { control, step, least, choices, flag } = optionRows[field];
    const kind = kindOf(field);
    if (control && kind === 'number') expect(step, field).toBeDefined();
    if (least !== undefined) expect(least).toBeGreaterThan(rangeOf(field).min);
    if (control && kind === 'choice')
      expect(
        choices?.map(({ value }) => value),
        field,
      ).toContain(defaultOf(field) ?? '');
    if (flag) expect(flag.value === undefined, field).toBe(kind === 'toggle');
    expect(kind === 'text' && control !== undefined, field).toBe(false);
  }
});

it('says why the hosted API lacks each local option that the page shows', () => {
  for (const field of fieldsIn('local'))
    if (optionRows[field].control) expect(optionRows[field].hostedReason, field).toBeDefined();
});

it('takes ranges and defaults from the schema', () => {
  expect(rangeOf('num_inference_steps')).toEqual({ min: 0, max: 150 });
  expect(rangeOf('strength')).toEqual({ min: 0, max: 1 });
  expect(rangeOf('width')).toEqual({ min: 64, max: 2048 });
  expect(() => rangeOf('scheduler')).toThrow(TypeError);
  expect(defaultOf('guidance_scale')).toBe(7.5);
  expect(defaultOf('seed')).toBeUndefined();
  expect(optionFields.filter((field) => kindOf(field) === 'toggle')).toEqual(['colour_match']);
  expect(optionFields.filter((field) => kindOf(field) === 'list')).toEqual(['loras', 'embeddings']);
});

it('offers the contents that the mask can be filled with', () => {
  expect(optionRows.mask_content.choices?.map(({ value }) => value)).toEqual(maskContents);
});

it('offers neither seeds nor variations where the result is always the same', () => {
  for (const field of ['seed', 'variations'] as const) {
    expect(reasonUnused(field, 'Carve/LaMa-ONNX')).toBe('This model gives the same result every time.');
    expect(reasonUnused(field, 'andraniksargsyan/migan')).toBeDefined();
    expect(reasonUnused(field, 'fill')).toBeUndefined();
    expect(reasonUnused(field, 'stabilityai/stable-diffusion-2')).toBeUndefined();
  }
});

it('picks what belongs to one object of the contract', () => {
  const values = { seed: 5, strength: 0.5, feather: 2, guidance_scale: undefined };
  expect(pickOptions('request', values)).toEqual({ seed: 5 });
  expect(pickOptions('local', values)).toEqual({ strength: 0.5 });
  expect(pickOptions('page', values)).toEqual({ feather: 2 });
});
