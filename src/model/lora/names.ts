/** A model's weights by the names that LoRAs use for them. */
import type { LoraModule } from './file';

/** One network's modules that have a weight matrix, by the names that a LoRA may use. */
export interface ModuleNames {
  /** @returns the key of the weight, e.g. `mid_block.attentions.0.proj_in.weight`; undefined if there isn't one */
  find(module: Pick<LoraModule, 'name' | 'isUnderscored'>): string | undefined;
}

const WEIGHT = '.weight';

/** @param keys of all tensors of the network, under diffusers' names */
export function moduleNames(keys: Iterable<string>): ModuleNames {
  const modules = [...keys].filter((key) => key.endsWith(WEIGHT)).map((key) => key.slice(0, -WEIGHT.length));
  const dotted = new Set(modules);
  const underscored = new Map<string, string>();
  const original = originalNames(dotted);
  for (const module of modules) {
    for (const name of [module, original(module)]) {
      if (name !== undefined) underscored.set(name.replaceAll('.', '_'), module);
    }
  }
  return {
    find({ name, isUnderscored }) {
      const module = isUnderscored ? underscored.get(name) : dotted.has(name) ? name : undefined;
      return module === undefined ? undefined : module + WEIGHT;
    },
  };
}

const topLevel: Readonly<Record<string, string>> = {
  'time_embedding.linear_1': 'time_embed.0',
  'time_embedding.linear_2': 'time_embed.2',
  'add_embedding.linear_1': 'label_emb.0.0',
  'add_embedding.linear_2': 'label_emb.0.2',
  conv_in: 'input_blocks.0.0',
  conv_out: 'out.2',
};
const inResnet: Readonly<Record<string, string>> = {
  conv1: 'in_layers.2',
  conv2: 'out_layers.3',
  time_emb_proj: 'emb_layers.1',
  conv_shortcut: 'skip_connection',
};

/** diffusers' names for a UNet's modules as CompVis' and Stability's programs number them; the inverse of keyMaps/unet. */
function originalNames(modules: ReadonlySet<string>): (module: string) => string | undefined {
  let layers = 0;
  while (modules.has(`down_blocks.0.resnets.${layers}.conv1`)) layers++;
  if (layers === 0) return () => undefined;
  const perLevel = layers + 1;
  const attentive = new Set<string>();
  for (const module of modules) {
    const level = /^up_blocks\.(\d+)\.attentions\./.exec(module)?.[1];
    if (level !== undefined) attentive.add(level);
  }
  const inside = (rest: string) => (Object.hasOwn(inResnet, rest) ? inResnet[rest] : rest);
  return (module) => {
    if (Object.hasOwn(topLevel, module)) return topLevel[module];
    const middle = /^mid_block\.(resnets|attentions)\.(\d+)\.(.+)$/.exec(module);
    if (middle !== null) {
      const [, kind, number, rest = ''] = middle;
      return kind === 'attentions'
        ? `middle_block.1.${rest}`
        : `middle_block.${Number(number) * 2}.${inside(rest)}`;
    }
    const block = /^(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)\.(.+)$/.exec(module);
    if (block === null) return undefined;
    const [, side, level, kind, layer, rest = ''] = block;
    const first = Number(level) * perLevel + (side === 'down' ? 1 : 0);
    const place = `${side === 'down' ? 'input' : 'output'}_blocks`;
    switch (kind) {
      case 'resnets':
        return `${place}.${first + Number(layer)}.0.${inside(rest)}`;
      case 'attentions':
        return `${place}.${first + Number(layer)}.1.${rest}`;
      case 'downsamplers':
        return `${place}.${first + layers}.0.op`;
      case 'upsamplers':
        // It comes after the attention if there is one, else in its place.
        return `${place}.${first + layers}.${attentive.has(level ?? '') ? 2 : 1}.conv`;
      default:
        return undefined;
    }
  };
}
