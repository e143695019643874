import { expect, it } from 'vitest';
import { tools } from '../../editor/store';
import { groups } from './command';
import { commandByKeys, commands, gestures, helpOf } from './index';
import { combinationOf, keysOf } from './keyCombinations';

const press = (key: string, more: Partial<Parameters<typeof combinationOf>[0]> = {}) =>
  commandByKeys(
    combinationOf({ key, code: '', ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...more }),
  )?.id;

it('no combination means two things', () => {
  const all = commands.flatMap(({ keys }) => keys);
  expect(new Set(all).size).toBe(all.length);
});

it('commands differ by id and by their line in the help sheet, whose groups are all used', () => {
  expect(new Set(commands.map(({ id }) => id)).size).toBe(commands.length);
  expect(new Set(commands.map(helpOf)).size).toBe(commands.length);
  expect(new Set(commands.map(({ group }) => group))).toEqual(new Set(groups));
  // The sheet tells rows of a group apart by their keys.
  for (const group of groups) {
    const keys = [
      ...commands.filter((command) => command.group === group).map(({ id }) => keysOf(id, false)),
      ...gestures.filter((gesture) => gesture.group === group).map((gesture) => gesture.keys),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  }
});

it('every tool has a command with its key; a word beneath an icon is a part of the name', () => {
  for (const { id, key } of tools) expect(press(key)).toBe(id);
  for (const { label, word = label } of commands) {
    expect(label.toLowerCase()).toContain(word.toLowerCase());
  }
});

it('reads keys as they come: Shift, Ctrl and ⌘, signs, other alphabets', () => {
  expect(press('b')).toBe('brush');
  expect(press('B', { shiftKey: true })).toBeUndefined();
  expect(press('G', { shiftKey: true })).toBe('shrink');
  expect(press('z', { ctrlKey: true })).toBe('undo');
  expect(press('Z', { metaKey: true, shiftKey: true })).toBe('redo');
  expect(press('?', { shiftKey: true })).toBe('help');
  expect(press('{', { shiftKey: true })).toBe('softer');
  expect(press('+', { shiftKey: true })).toBe('zoomIn');
  expect(press('и', { code: 'KeyB' })).toBe('brush');
  expect(press('Delete')).toBe('clear');
});

it('writes keys for people', () => {
  expect(keysOf('redo', false)).toBe('Ctrl Shift Z');
  expect(keysOf('redo', true)).toBe('⌘ ⇧ Z');
  expect(keysOf('zoomIn', false)).toBe('+');
  expect(keysOf('zoomOut', false)).toBe('−');
  expect(keysOf('clear', false)).toBe('Delete');
});

it('finds the brackets on keyboards that have none in their places', () => {
  expect(press('х', { code: 'BracketLeft' })).toBe('smaller');
  expect(press('Ъ', { code: 'BracketRight', shiftKey: true })).toBe('harder');
  expect(press('ü', { code: 'BracketLeft' })).toBe('smaller');
  expect(press('Dead', { code: 'BracketLeft' })).toBe('smaller');
  // On a Mac with Alt; elsewhere with AltGr, which Windows reports as Ctrl with Alt.
  expect(press('[', { code: 'Digit5', altKey: true })).toBe('smaller');
  expect(press(']', { code: 'Digit9', altKey: true, ctrlKey: true })).toBe('larger');
  expect(press('}', { code: 'Digit0', getModifierState: () => true })).toBe('harder');
  expect(press('[', { code: 'BracketLeft', altKey: true })).toBe('smaller');
  // A sign with a meaning of its own keeps it, wherever it lies.
  expect(press('+', { code: 'BracketRight' })).toBe('zoomIn');
});

it('with Alt, letters are the browser’s', () => {
  expect(press('b', { code: 'KeyB', altKey: true })).toBeUndefined();
  expect(press('ß', { code: 'KeyS', altKey: true })).toBeUndefined();
});
