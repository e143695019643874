import { expect, it } from 'vitest';
import { operations, tools } from './index';
import type { Tool, ToolOption } from './tool';
import { inRange, numberOptions, toolDefaults } from './toolSettings';

const rows: readonly Tool[] = tools;
const options: readonly ToolOption[] = rows.flatMap((tool) => tool.options);

it('tools differ by id, name and key', () => {
  for (const field of ['id', 'name', 'key'] as const) {
    expect(new Set(rows.map((tool) => tool[field])).size).toBe(rows.length);
  }
});

it('opposites are tools that lead back', () => {
  for (const { id, opposite } of rows) {
    if (opposite !== undefined) expect(rows.find((tool) => tool.id === opposite)?.opposite).toBe(id);
  }
});

it('the mask worker knows the operation of every tool, and no other', () => {
  expect(operations).toEqual(rows.flatMap(({ operation }) => operation ?? []));
  expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
});

it('options with the same field are the same row; every default is one of the values', () => {
  const byField = new Map<string, ToolOption>();
  for (const row of options) {
    if (row.kind === 'button') continue;
    expect(byField.get(row.field) ?? row).toBe(row);
    byField.set(row.field, row);
    if (row.kind === 'choice') expect(row.choices.map(({ value }) => value)).toContain(row.default);
    if (row.kind === 'number') expect(inRange(row, row.default)).toBe(row.default);
  }
  expect(Object.keys(toolDefaults).sort()).toEqual([...byField.keys()].sort());
  for (const [field, row] of byField)
    expect(numberOptions.get(field)).toBe(row.kind === 'number' ? row : undefined);
});

it('names of options hold the word that their controls show', () => {
  const labelled = options.flatMap((row): readonly { name: string; label: string }[] =>
    row.kind === 'choice' ? row.choices : [row],
  );
  for (const { name, label } of labelled) expect(name.toLowerCase()).toContain(label.toLowerCase());
});
