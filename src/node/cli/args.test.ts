import { expect, it } from 'vitest';
import { optionFields, optionRows } from '../../contract/options';
import { parseArguments } from './args';
import { usage } from './flags';

const complete = ['--model', 'm', '--image', 'i', '--mask', 'k', '--prompt', '', '--out', 'o.png'];
const parsed = (...more: string[]) => {
  const args = parseArguments([...complete, ...more]);
  if (args === 'help') throw new Error('no run');
  return args;
};

it('crops around the mask unless it is told otherwise, or the model’s own picture is wanted', () => {
  expect(parsed().crop).toBe('auto');
  expect(parsed('--no-crop').crop).toBe('none');
  expect(parsed('--no-paste-back').crop).toBe('none');
  expect(parsed('--no-paste-back', '--crop-padding', '8').crop).toBe(8);
  expect(parsed('--crop-padding', '0').crop).toBe(0);
  expect(() => parsed('--crop-padding', '8', '--no-crop')).toThrow(/exclude each other/);
});

it('takes values that begin with a dash, and words that look like nothing else', () => {
  expect(parsed('--prompt', '- a list').request.prompt).toBe('- a list');
  expect(parsed('--prompt=--dashes').request.prompt).toBe('--dashes');
  expect(parsed('--seed', '-1').request.seed).toBe(-1);
  expect(parsed('--guidance=7.5').request.guidance_scale).toBe(7.5);
});

it.each([
  [['--modle', 'x'], 'there is no option --modle; did you mean --model? (see --help)'],
  [['--sampler', 'x'], 'there is no option --sampler (see --help)'],
  [['--constructor', 'x'], 'there is no option --constructor (see --help)'],
  [['-h'], 'there is no option -h (see --help)'],
  [['--help=yes'], '--help takes no value (see --help)'],
  [['--steps'], '--steps needs a value (one that begins with -- is written --steps=VALUE) (see --help)'],
  [['--steps', 'many'], '--steps: "many" is not a number'],
  [['--scheduler', 'eular a'], '--scheduler: unknown scheduler "eular a"; did you mean "Euler a"?'],
  [['--scheduler', 'Karras'], '--scheduler: unknown scheduler "Karras"; choose one of DDIM, DDPM,'],
  [['--threads', '0'], '--threads must be a whole number, 1 or more'],
])('refuses %j: %s', (more, message) => {
  expect(() => parseArguments([...complete, ...more])).toThrow(message);
});

it('names all that is missing at once', () => {
  expect(() => parseArguments([])).toThrow(
    '--model, --image, --mask, --prompt and --out are missing (see --help)',
  );
  expect(() => parseArguments(complete.slice(0, -2))).toThrow('--out is missing (see --help)');
});

it.each([
  ['toy.pt', { source: 'toy.pt' }],
  ['toy.pt:<toy>', { source: 'toy.pt', token: '<toy>' }],
  ['owner/name/toy.safetensors:my toy', { source: 'owner/name/toy.safetensors', token: 'my toy' }],
  ['https://host:8080/toy.pt', { source: 'https://host:8080/toy.pt' }],
  ['https://host:8080/toy.pt:toy', { source: 'https://host:8080/toy.pt', token: 'toy' }],
  ['C:\\toys\\toy.pt', { source: 'C:\\toys\\toy.pt' }],
])('reads --embedding %s', (value, expected) => {
  expect(parsed('--embedding', value).options.embeddings).toEqual([expected]);
});

it('wants a word after the colon of an embedding', () => {
  expect(() => parsed('--embedding', 'toy.pt:')).toThrow(/no word follows the colon of "toy\.pt:"/);
});

it('reads each run option by its flag, under the field’s own name', () => {
  const samples: Record<string, [argument: string, value: unknown]> = {
    TEXT: ['a fox', 'a fox'],
    NAME: ['Euler', 'Euler'],
    N: ['1', 1],
    PX: ['64', 64],
    'SOURCE[:WEIGHT]': ['a/b:0.5', [{ source: 'a/b', weight: 0.5 }]],
    'SOURCE[:TOKEN]': ['a/b', [{ source: 'a/b' }]],
  };
  for (const field of optionFields) {
    const { flag } = optionRows[field];
    if (!flag?.value || ['model', 'prompt', 'crop-padding', 'mask-content'].includes(flag.name)) continue;
    const [argument, value] = samples[flag.value] ?? ['', undefined];
    const { request, options } = parsed(`--${flag.name}`, argument);
    expect({ ...request, ...options }, flag.name).toHaveProperty(field, value);
  }
});

it('reads what is beneath the mask, and names the choices for another word', () => {
  expect(parsed().maskContent).toBe('original');
  expect(parsed('--mask-content', 'fill').maskContent).toBe('fill');
  expect(() => parsed('--mask-content', 'grey')).toThrow(
    '--mask-content: "grey" is not one of original, fill, blur, border, noise',
  );
});

it('takes another program’s spelling of a scheduler', () => {
  expect(parsed('--scheduler', 'euler_ancestral').options.scheduler).toBe('Euler a');
});

it('explains every argument, in lines that fit', () => {
  for (const field of optionFields) {
    const { flag } = optionRows[field];
    if (flag) expect(usage).toContain(`  --${flag.name} `);
  }
  expect(Math.max(...usage.split('\n').map((line) => line.length))).toBeLessThanOrEqual(118);
});
