/** What holds for every engine, whoever makes the pictures: one suite, run against each. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine, Progress } from './engine';
import { InputError } from './errors';
import { type InpaintInput, inpaintRequestSchema, localOptionsSchema } from './schema';

export interface ContractSubject {
  engine: Engine;
  /** A model that is quick, and a picture and a mask of one size. */
  input: Pick<InpaintInput, 'model_name' | 'image_url' | 'mask_url'>;
  /** A mask of another size. */
  otherMask: Blob;
  close(): Promise<void>;
}

export function describeEngineContract(name: string, setUp: () => Promise<ContractSubject>): void {
  describe(`the contract of every engine: ${name}`, () => {
    let subject: ContractSubject;
    beforeAll(async () => {
      subject = await setUp();
    });
    afterAll(() => subject.close());

    const run = async (given: Partial<InpaintInput> = {}, signal = new AbortController().signal) => {
      const progress: Progress[] = [];
      const request = inpaintRequestSchema.parse({
        ...subject.input,
        prompt: 'a cat',
        num_inference_steps: 2,
        seed: 7,
        ...given,
      });
      const result = await subject.engine.inpaint(request, localOptionsSchema.parse({}), {
        signal,
        onProgress: (each) => progress.push(each),
      });
      const bytes = Buffer.from(await (await fetch(result.image.url)).arrayBuffer());
      URL.revokeObjectURL(result.image.url);
      return { result, bytes, progress };
    };

    it('gives a picture with every field of the API, and reports on its way', async () => {
      const { result, bytes, progress } = await run();
      expect(result).toMatchObject({
        image: { url: expect.stringMatching(/^blob:/), content_type: 'image/png', width: 64, height: 64 },
        seed: 7,
      });
      expect(result.image.file_name).toMatch(/\.png$/);
      expect(result.image.file_size).toBe(bytes.byteLength);
      expect(bytes.subarray(1, 4).toString()).toBe('PNG');
      expect(progress.length).toBeGreaterThan(0);
    });

    it('gives the same picture for the same seed and another for another', async () => {
      const [first, second, other] = [await run(), await run(), await run({ seed: 8 })];
      expect(first.bytes.equals(second.bytes)).toBe(true);
      expect(first.bytes.equals(other.bytes)).toBe(false);
    });

    it('draws a seed where none is given, and says which', async () => {
      const { result, bytes } = await run({ seed: undefined });
      expect((await run({ seed: result.seed })).bytes.equals(bytes)).toBe(true);
    });

    it.each<[string, () => Partial<InpaintInput>]>([
      ['image_url', () => ({ image_url: new Blob(['no picture'], { type: 'image/png' }) })],
      ['mask_url', () => ({ mask_url: subject.otherMask })],
      ['num_inference_steps', () => ({ num_inference_steps: 0 })],
      ['model_name', () => ({ model_name: 'no/such model' })],
    ])('names %s where it is wrong, and stays usable', async (field, wrong) => {
      const failure = await run(wrong()).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(InputError);
      expect(failure).toMatchObject({ field, message: expect.stringContaining(field) });
      expect((await run()).result.seed).toBe(7);
    });

    it('is cancelled before it starts, while it runs, and while it waits, and stays usable', async () => {
      await expect(run({}, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
      const running = new AbortController();
      const waiting = new AbortController();
      const first = run({ num_inference_steps: 150 }, running.signal);
      const second = run({ num_inference_steps: 150 }, waiting.signal);
      setTimeout(() => waiting.abort(), 100);
      await expect(second).rejects.toMatchObject({ name: 'AbortError' });
      running.abort();
      await expect(first).rejects.toMatchObject({ name: 'AbortError' });
      expect((await run()).result.seed).toBe(7);
    });
  });
}
