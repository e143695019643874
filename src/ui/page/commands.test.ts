import { expect, it } from 'vitest';
import { combinationOf, commandOf, commands, keysOf } from './commands';

const press = (key: string, more: Partial<Parameters<typeof combinationOf>[0]> = {}) =>
  commandOf(
    combinationOf({ key, code: '', ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...more }),
  );

it('no combination means two things', () => {
  const all = commands.flatMap(({ keys }) => keys);
  expect(new Set(all).size).toBe(all.length);
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
