import { expect, test } from 'vitest';
import { threadsStep } from './threads';

const firstVisit = { isolated: false, provider: 'wasm', cores: 4, touched: false, tried: false } as const;

test('a page reloads by itself for threads only where they help and nothing is lost', () => {
  expect(threadsStep(firstVisit)).toBe('reload');
  expect(threadsStep({ ...firstVisit, touched: true })).toBe('offer');
  expect(threadsStep({ ...firstVisit, isolated: true })).toBe('nothing');
  expect(threadsStep({ ...firstVisit, provider: 'webgpu' })).toBe('nothing');
  expect(threadsStep({ ...firstVisit, cores: 1 })).toBe('nothing');
});

test('a reload that brought no threads is neither repeated nor offered', () => {
  expect(threadsStep({ ...firstVisit, tried: true })).toBe('nothing');
  expect(threadsStep({ ...firstVisit, tried: true, touched: true })).toBe('nothing');
});
