import { describe, expect, it } from 'vitest';
import { defaultPadding, MAX_OWN_SCALE_PIXELS, planCrop, planFrame } from './crop';
import type { Size } from './geometry';

describe('planCrop', () => {
  it('takes a native window at 1:1 around a small mask', () => {
    // The box 300 … 340 × 200 … 220 has its middle at (320, 210); 256 / 2 = 128 on each side.
    const plan = planCrop({
      imageSize: { width: 1000, height: 800 },
      maskBounds: { x: 300, y: 200, width: 40, height: 20 },
      padding: 16,
      nativeSize: 256,
    });
    expect(plan.frame).toEqual({ x: 320 - 128, y: 210 - 128, width: 256, height: 256 });
    expect(plan.size).toEqual({ width: 256, height: 256 });
  });

  it('shifts the window back into the picture', () => {
    const plan = planCrop({
      imageSize: { width: 1000, height: 800 },
      maskBounds: { x: 980, y: 0, width: 20, height: 10 },
      padding: 32,
      nativeSize: 256,
    });
    expect(plan.frame).toEqual({ x: 744, y: 0, width: 256, height: 256 });
  });

  it('scales a large mask with its padding down to native', () => {
    // 600 + 2 × 50 = 700 wide, 300 + 100 = 400 high: the square of 700 about (600, 550).
    const plan = planCrop({
      imageSize: { width: 4000, height: 3000 },
      maskBounds: { x: 300, y: 400, width: 600, height: 300 },
      padding: 50,
      nativeSize: 512,
    });
    expect(plan.frame).toEqual({ x: 250, y: 200, width: 700, height: 700 });
    expect(plan.size).toEqual({ width: 512, height: 512 });
  });

  it('keeps the shape where the picture is narrower than the square', () => {
    // The square of 1000 is cut to the picture's 500: 512 × 256.
    const plan = planCrop({
      imageSize: { width: 1000, height: 500 },
      maskBounds: { x: 0, y: 0, width: 1000, height: 500 },
      padding: 100,
      nativeSize: 512,
    });
    expect(plan).toEqual({
      frame: { x: 0, y: 0, width: 1000, height: 500 },
      size: { width: 512, height: 256 },
    });
  });

  it('gives up padding for a square where the picture is too low for both', () => {
    // 600 + 2 × 150 = 900 is more than the 800 rows: the square of 800 about the mask's middle at 600.
    const plan = planCrop({
      imageSize: { width: 1200, height: 800 },
      maskBounds: { x: 300, y: 200, width: 600, height: 300 },
      padding: 150,
      nativeSize: 256,
    });
    expect(plan).toEqual({
      frame: { x: 200, y: 0, width: 800, height: 800 },
      size: { width: 256, height: 256 },
    });
  });

  it('enlarges a picture smaller than native', () => {
    // 200 × 150 at 256 / 200 = 1.28 is 256 × 192.
    const plan = planCrop({
      imageSize: { width: 200, height: 150 },
      maskBounds: { x: 20, y: 20, width: 30, height: 30 },
      padding: 8,
      nativeSize: 256,
    });
    expect(plan).toEqual({
      frame: { x: 0, y: 0, width: 200, height: 150 },
      size: { width: 256, height: 192 },
    });
  });

  it('leaves out the odd rest of a picture instead of stretching it', () => {
    // 205 = 25 × 8 + 5: 200 rows about the mask's middle at 100, starting at row 0.
    const request = { imageSize: { width: 300, height: 205 }, padding: 16, nativeSize: 256 };
    const plan = planCrop({ ...request, maskBounds: { x: 100, y: 90, width: 20, height: 20 } });
    expect(plan.frame).toEqual({ x: 0, y: 0, width: 256, height: 200 });
    expect(plan.size).toEqual({ width: 256, height: 200 });
    // A mask over the full height needs all 205 rows: 205 / 8 = 25.6 rounds to 26 × 8.
    const full = planCrop({ ...request, maskBounds: { x: 100, y: 0, width: 20, height: 205 } });
    expect(full.frame.height).toBe(205);
    expect(full.size).toEqual({ width: 256, height: 208 });
  });

  it('never asks for less than 64 pixels, in a strip for instance', () => {
    const plan = planCrop({
      imageSize: { width: 1000, height: 20 },
      maskBounds: { x: 500, y: 5, width: 10, height: 10 },
      padding: 16,
      nativeSize: 256,
    });
    expect(plan.frame).toEqual({ x: 377, y: 0, width: 256, height: 20 });
    expect(plan.size).toEqual({ width: 256, height: 64 });
  });

  it('holds the mask, in whole pixels inside the picture, at multiples of 8, whatever comes', () => {
    let seed = 1;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed % below;
    };
    for (let i = 0; i < 2000; i++) {
      const imageSize = { width: 1 + random(3000), height: 1 + random(3000) };
      const x = random(imageSize.width);
      const y = random(imageSize.height);
      const maskBounds = {
        x,
        y,
        width: 1 + random(imageSize.width - x),
        height: 1 + random(imageSize.height - y),
      };
      const nativeSize = [256, 512, 1024][random(3)] ?? 256;
      const { frame, size } = planCrop({ imageSize, maskBounds, padding: random(200), nativeSize });
      const numbers = [...Object.values(frame), ...Object.values(size)];
      expect(numbers.every(Number.isInteger)).toBe(true);
      expect(frame.x).toBeGreaterThanOrEqual(0);
      expect(frame.y).toBeGreaterThanOrEqual(0);
      expect(frame.x + frame.width).toBeLessThanOrEqual(imageSize.width);
      expect(frame.y + frame.height).toBeLessThanOrEqual(imageSize.height);
      expect(frame.x).toBeLessThanOrEqual(x);
      expect(frame.y).toBeLessThanOrEqual(y);
      expect(frame.x + frame.width).toBeGreaterThanOrEqual(x + maskBounds.width);
      expect(frame.y + frame.height).toBeGreaterThanOrEqual(y + maskBounds.height);
      expect(size.width % 8).toBe(0);
      expect(size.height % 8).toBe(0);
      expect(Math.max(size.width, size.height)).toBe(nativeSize);
    }
  });

  it('refuses an empty mask', () => {
    const request = { imageSize: { width: 10, height: 10 }, padding: 0, nativeSize: 256 };
    expect(() => planCrop({ ...request, maskBounds: { x: 0, y: 0, width: 0, height: 0 } })).toThrow('empty');
  });
});

it('defaultPadding is a quarter of the mask, and some of the model for a small one', () => {
  expect(defaultPadding({ x: 0, y: 0, width: 400, height: 100 }, { nativeSize: 256 })).toBe(100);
  expect(defaultPadding({ x: 0, y: 0, width: 4, height: 4 }, { nativeSize: 256 })).toBe(16);
});

describe('planFrame', () => {
  it('scales a chosen frame so that its longer side is native', () => {
    // 512 / 800 of 600 is 384; 512 / 100 of 90 is 460.8, to the nearest multiple of 8.
    const wide = { x: 10, y: 20, width: 800, height: 600 };
    expect(planFrame(wide, { nativeSize: 512 })).toEqual({ frame: wide, size: { width: 512, height: 384 } });
    const small = { x: 0, y: 0, width: 90, height: 100 };
    expect(planFrame(small, { nativeSize: 512 })).toEqual({
      frame: small,
      size: { width: 464, height: 512 },
    });
  });

  it('gives a sliver the smallest side that models take', () => {
    expect(planFrame({ x: 0, y: 0, width: 2000, height: 64 }, { nativeSize: 512 }).size).toEqual({
      width: 512,
      height: 64,
    });
  });

  it('stretches a chosen frame to the one size that a model takes', () => {
    const frame = { x: 10, y: 20, width: 800, height: 600 };
    const fixedSize = { width: 512, height: 512 };
    expect(planFrame(frame, { nativeSize: 512, fixedSize })).toEqual({ frame, size: fixedSize });
  });
});

describe('a model of one size', () => {
  const fixedSize = { width: 512, height: 384 };
  const plan = (imageSize: Size, x: number, y: number, side: number, padding = 20) =>
    planCrop({
      ...{ imageSize, padding, nativeSize: 512, fixedSize },
      maskBounds: { x, y, width: side, height: side },
    });

  it('sees a small mask at the picture’s own scale', () => {
    // The mask’s middle is at 650, 450.
    expect(plan({ width: 2000, height: 1500 }, 600, 400, 100)).toEqual({
      frame: { x: 394, y: 258, width: 512, height: 384 },
      size: fixedSize,
    });
  });

  it('sees a larger one shrunk, in a frame of its shape', () => {
    // 600 and twice 20 are 640 high, which is 5 / 3 of 384; of 512 it is 853.3.
    const { frame, size } = plan({ width: 2000, height: 1500 }, 700, 400, 600);
    expect(frame).toEqual({ x: 574, y: 380, width: 853, height: 640 });
    expect(size).toEqual(fixedSize);
  });

  it('sees a picture that is smaller than it enlarged, and as much of it as has its shape', () => {
    // 300 high is 25 / 32 of 384, of 512 that is 400: the padding's 340 fits, the rest of the 1000 does not.
    expect(plan({ width: 1000, height: 300 }, 10, 0, 200)).toEqual({
      frame: { x: 0, y: 0, width: 400, height: 300 },
      size: fixedSize,
    });
  });

  it('gives up padding before it stretches, and stretches only what no frame of its shape holds', () => {
    // Padding on all sides would be 600 high in a picture of 450; with what the picture has it is 600 wide.
    const { frame } = plan({ width: 1000, height: 450 }, 300, 25, 400, 100);
    expect(frame).toEqual({ x: 200, y: 0, width: 600, height: 450 });
    const wide = planCrop({
      imageSize: { width: 1000, height: 300 },
      maskBounds: { x: 50, y: 100, width: 800, height: 100 },
      ...{ padding: 20, nativeSize: 512, fixedSize },
    });
    expect(wide).toEqual({ frame: { x: 50, y: 0, width: 800, height: 300 }, size: fixedSize });
  });
});

describe('at the image’s own resolution', () => {
  const ownScale = { nativeSize: 256, ownScale: true, removes: true } as const;

  it('takes the mask and what the fill looks at, unscaled', () => {
    const maskBounds = { x: 1500, y: 1000, width: 1000, height: 801 };
    const padding = defaultPadding(maskBounds, ownScale);
    // As much as the hole's longer side on each side, at most 512.
    expect(padding).toBe(512);
    const plan = planCrop({ imageSize: { width: 6000, height: 4000 }, maskBounds, padding, ...ownScale });
    expect(plan.frame).toEqual({ x: 988, y: 488, width: 2024, height: 1825 });
    expect(plan).toMatchObject({
      size: { width: 2024, height: 1825 },
      ownScale: true,
      removes: true,
    });
  });

  it('takes no less than the native square, and no more than the image', () => {
    const maskBounds = { x: 10, y: 10, width: 4, height: 4 };
    const large = planCrop({ imageSize: { width: 900, height: 700 }, maskBounds, padding: 10, ...ownScale });
    expect(large.frame).toEqual({ x: 0, y: 0, width: 256, height: 256 });
    const small = planCrop({ imageSize: { width: 31, height: 700 }, maskBounds, padding: 10, ...ownScale });
    expect(small.frame).toEqual({ x: 0, y: 0, width: 31, height: 256 });
  });

  it('shows less of the surroundings of a mask that is nearly too large', () => {
    const maskBounds = { x: 1000, y: 1000, width: 6000, height: 5000 };
    const plan = planCrop({
      imageSize: { width: 8192, height: 8192 },
      maskBounds,
      padding: defaultPadding(maskBounds, ownScale),
      ...ownScale,
    });
    // (6000 + 2 · 89) (5000 + 2 · 89) is just below 32 million.
    expect(plan.frame).toEqual({ x: 911, y: 911, width: 6178, height: 5178 });
    expect(plan.frame.width * plan.frame.height).toBeLessThanOrEqual(MAX_OWN_SCALE_PIXELS);
  });

  it('leaves a chosen frame as it is', () => {
    const frame = { x: 3, y: 5, width: 701, height: 99 };
    expect(planFrame(frame, ownScale)).toEqual({
      frame,
      size: { width: 701, height: 99 },
      ownScale: true,
      removes: true,
    });
  });
});
