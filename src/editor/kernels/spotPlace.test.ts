import { expect, it } from 'vitest';
import { spotPlace } from './spotPlace';

const pane = { width: 800, height: 600 };
const bar = { width: 300, height: 48 };

it('is below what changed, centred, and moves into the pane', () => {
  expect(spotPlace({ pane, bar, target: { x: 300, y: 200, width: 200, height: 100 } })).toEqual({
    x: 250,
    y: 314,
  });
  expect(spotPlace({ pane, bar, target: { x: 0, y: 200, width: 40, height: 40 } })).toEqual({ x: 8, y: 254 });
});

it('goes above where there is no room below, then to the side', () => {
  expect(spotPlace({ pane, bar, target: { x: 300, y: 500, width: 200, height: 90 } })).toEqual({
    x: 250,
    y: 438,
  });
  expect(spotPlace({ pane, bar, target: { x: 0, y: 0, width: 400, height: 600 } })).toEqual({
    x: 414,
    y: 276,
  });
  expect(spotPlace({ pane, bar, target: { x: 400, y: 0, width: 400, height: 600 } })).toEqual({
    x: 86,
    y: 276,
  });
});

it('covers as little as possible where everything has changed, or nothing of it is in sight', () => {
  const bottom = { x: 250, y: 544 };
  expect(spotPlace({ pane, bar, target: null })).toEqual(bottom);
  expect(spotPlace({ pane, bar, target: { x: -500, y: 0, width: 100, height: 100 } })).toEqual(bottom);
  const { x, y } = spotPlace({ pane, bar, target: { x: -50, y: -50, width: 900, height: 700 } });
  expect(x >= 8 && x + bar.width <= 792 && y >= 8 && y + bar.height <= 592).toBe(true);
});

it('leaves the grip free if another place covers nothing', () => {
  const target = { x: 300, y: 200, width: 200, height: 100 };
  const avoid = [{ x: 386, y: 320, width: 28, height: 28 }];
  expect(spotPlace({ pane, bar, target, avoid })).toEqual({ x: 250, y: 138 });
});

it('fits a phone: a bar as wide as its pane stays inside it', () => {
  const phone = { width: 390, height: 330 };
  const wide = { width: 374, height: 60 };
  const { x, y } = spotPlace({ pane: phone, bar: wide, target: { x: 150, y: 120, width: 80, height: 80 } });
  expect({ x, y }).toEqual({ x: 8, y: 214 });
});
