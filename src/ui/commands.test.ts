import { expect, it } from 'vitest';
import { combinationOf, commandOf, commands, keysOf } from './commands';

const press = (key: string, more: Partial<Parameters<typeof combinationOf>[0]> = {}) =>
  commandOf(combinationOf({ key, code: '', ctrlKey: false, metaKey: false, shiftKey: false, ...more }));

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
