/**
 * Tokens that were added to a vocabulary, by training (textual inversion) or as specials: they are found in the text
 * itself, before anything is normalized or cut. Follows `PreTrainedTokenizer.tokenize` of transformers 4 with its Trie, and
 * `maybe_convert_prompt` of diffusers, which puts the further vectors of a token behind it.
 */
import { MAX_VECTORS } from '../../contract/limits';

export interface AddedToken {
  content: string;
  id: number;
  /** Takes the white space on its left, and on its right. */
  lstrip: boolean;
  rstrip: boolean;
  /** Counts only between blanks, or the text's ends. */
  singleWord: boolean;
}

/** No known pipeline has more than a few hundred; 16 embeddings of 75 vectors are 1,200. */
export const MAX_ADDED_TOKENS = 16_384;

/** Of all of them together: each may take a node of the tree that finds them, some hundred bytes. */
export const MAX_ADDED_CHARACTERS = 262_144;

/** A part of a text: one added token, or the text between two. */
export type TextPart = { ids: readonly number[]; text?: undefined } | { text: string; ids?: undefined };

interface Node {
  next: Map<number, Node>;
  /** The token that ends here. */
  token?: AddedToken;
}

/** Splits texts at added tokens. */
export class AddedTokens {
  readonly #byContent = new Map<string, AddedToken>();
  readonly #root: Node = { next: new Map() };
  /** Of each token that was found. */
  readonly #vectors = new Map<AddedToken, readonly number[]>();

  /** @param tokens of equal ones the last counts; an empty one is ignored */
  constructor(tokens: Iterable<AddedToken>) {
    for (const token of tokens) {
      if (token.content === '') continue;
      this.#byContent.set(token.content, token);
      let node = this.#root;
      for (let i = 0; i < token.content.length; i++) {
        const unit = token.content.charCodeAt(i);
        let next = node.next.get(unit);
        if (next === undefined) {
          next = { next: new Map() };
          node.next.set(unit, next);
        }
        node = next;
      }
      node.token = token;
    }
  }

  get(content: string): AddedToken | undefined {
    return this.#byContent.get(content);
  }

  values(): Iterable<AddedToken> {
    return this.#byContent.values();
  }

  /** The parts of a text in order, none empty. A token with several vectors means all of them. */
  split(text: string): TextPart[] {
    const pieces = this.#cut(text);
    // The next step sees what a flag takes from a piece: in order, as in transformers.
    pieces.forEach((piece, i) => {
      const token = this.#byContent.get(piece);
      if (token === undefined) return;
      const left = pieces[i - 1];
      const right = pieces[i + 1];
      if (token.rstrip && right) pieces[i + 1] = right.trimStart();
      if (token.lstrip && left) pieces[i - 1] = left.trimEnd();
      if (!token.singleWord) return;
      if (left && !left.endsWith(' ')) {
        pieces[i - 1] += piece;
        pieces[i] = '';
      } else if (right && !right.startsWith(' ')) {
        pieces[i + 1] = piece + pieces[i + 1];
        pieces[i] = '';
      }
    });
    return pieces
      .filter((piece) => piece !== '')
      .map((piece) => {
        const token = this.#byContent.get(piece);
        return token === undefined ? { text: piece } : { ids: this.#vectorsOf(token) };
      });
  }

  /** Alternating texts and tokens: from left to right, the longest token at each position. */
  #cut(text: string): string[] {
    const pieces: string[] = [];
    let begin = 0;
    for (let at = 0; at < text.length; ) {
      const length = this.#longestAt(text, at);
      if (length === 0) {
        at++;
        continue;
      }
      pieces.push(text.slice(begin, at), text.slice(at, at + length));
      at += length;
      begin = at;
    }
    pieces.push(text.slice(begin));
    return pieces.filter((piece) => piece !== '');
  }

  #longestAt(text: string, at: number): number {
    let longest = 0;
    let node: Node | undefined = this.#root;
    for (let length = 0; node !== undefined; length++) {
      if (node.token !== undefined) longest = length;
      node = node.next.get(text.charCodeAt(at + length));
    }
    return longest;
  }

  /**
   * `<tok>`, and `<tok>_1`, `<tok>_2` and so on as far as they exist. If a prompt names `<tok>_1` beside `<tok>`, diffusers
   * replaces within it as well and breaks it; here it stays what it is.
   */
  #vectorsOf(token: AddedToken): readonly number[] {
    const known = this.#vectors.get(token);
    if (known !== undefined) return known;
    const { content, id } = token;
    const ids = [id];
    while (ids.length < MAX_VECTORS) {
      const next = this.#byContent.get(`${content}_${ids.length}`);
      if (next === undefined) break;
      ids.push(next.id);
    }
    this.#vectors.set(token, ids);
    return ids;
  }
}
