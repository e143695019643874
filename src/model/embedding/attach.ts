/**
 * Adds the words learned by textual inversion to an open model: its tokenizers find them, and its text encoders get their
 * vectors with the prompt. The model's own weights are neither copied nor changed. Follows `load_textual_inversion` of
 * diffusers (loaders/textual_inversion.py), including what it refuses.
 */
import { families, familyIds, familyTitle } from '../../contract/families';
import type { DiffusionModel, TextBranch } from '../../pipeline/model';
import { embeddingError } from './error';
import type { Embedding } from './open';

/**
 * @returns the model with these words; the given one is unchanged, and both share their networks
 * @throws CheckpointError (`embeddings`) if one is made for another kind of model, or its word exists already
 */
export function withEmbeddings(model: DiffusionModel, embeddings: readonly Embedding[]): DiffusionModel {
  if (embeddings.length === 0) return model;
  for (const embedding of embeddings) refuseMisfit(model, embedding);
  const { prompts } = model;
  const branches = prompts.branches.map((branch, i) => branchWith(branch, embeddings, i));
  const words = JSON.stringify(embeddings.map(({ token, digest }) => [token, digest]));
  return { ...model, prompts: prompts.withBranches(branches, words) };
}

function branchWith(branch: TextBranch, embeddings: readonly Embedding[], encoder: number): TextBranch {
  const { rows = 0, width = 0 } = branch.table ?? {};
  const tokens: { content: string; id: number }[] = [];
  const all: Float32Array[] = [];
  for (const { name, token, tables } of embeddings) {
    const table = tables[encoder];
    if (table === undefined) continue;
    for (let vector = 0; vector < table.count; vector++) {
      const content = vector === 0 ? token : `${token}_${vector}`;
      if (tokens.some((other) => other.content === content)) {
        throw embeddingError(
          `embedding ${name}: another one is called "${content}" already; give one of them another name`,
        );
      }
      if (branch.tokenizer.has(content)) throw takenError(name, content);
      tokens.push({ content, id: rows + tokens.length });
    }
    // diffusers would continue into the vectors of another one.
    if (branch.tokenizer.has(`${token}_${table.count}`)) throw takenError(name, `${token}_${table.count}`);
    all.push(table.values);
  }
  const added = new Float32Array(tokens.length * width);
  let at = 0;
  for (const values of all) {
    added.set(values, at);
    at += values.length;
  }
  return {
    tokenizer: branch.tokenizer.withTokens(tokens),
    ...(branch.table && { table: branch.table }),
    async encoder() {
      const inner = await branch.encoder(true);
      const { width, pooledWidth } = inner;
      return {
        width,
        ...(pooledWidth !== undefined && { pooledWidth }),
        encode: (ids, batch) => inner.encode(ids, batch, added),
        dispose: () => inner.dispose(),
      };
    },
  };
}

function takenError(name: string, token: string): Error {
  return embeddingError(
    `embedding ${name}: "${token}" is a token of this model already; give it another name for the prompt, such as ` +
      `"<${token.replace(/[<>]/g, '')}-2>"`,
  );
}

function refuseMisfit({ name, prompts }: DiffusionModel, embedding: Embedding): void {
  const text = prompts.branches;
  if (text.some(({ table }) => table === undefined)) {
    throw embeddingError(
      `embedding ${embedding.name}: model "${name}" is an ONNX export, to which no word can be added; name the model that ` +
        'it was exported from',
    );
  }
  const own = embedding.tables.map(({ width }) => width);
  const wanted = text.map(({ table }) => table?.width ?? 0);
  if (own.join() === wanted.join()) return;
  const described = (widths: readonly number[]) => {
    const numbers = widths.join(' and ');
    const family = familyIds.find((id) => families[id].textWidths.join() === widths.join());
    return family === undefined ? `a width of ${numbers}` : `${familyTitle(family)} (${numbers} wide)`;
  };
  throw embeddingError(
    `embedding ${embedding.name}: it is made for ${described(own)}, and model "${name}" takes ${described(wanted)}; ` +
      'choose an embedding for this kind of model, or a model for this embedding',
  );
}
