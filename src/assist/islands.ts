/** Specks and pinholes: what a model's grid has beside the thing that was meant. */
import type { Logits } from './segmenter';

/** Pieces smaller than this share of the largest are left out, holes smaller than this are filled. */
const SPECK = 0.02;
/** What a cell that changes sides is set to: certain enough to be on the other side, and no more. */
const BARELY = 1;

/**
 * Leaves out specks beside the thing and fills pinholes in it, in place.
 * @param kept cells (column, row) that were pointed at: their piece stays however small it is
 */
export function dropSpecks(logits: Logits, kept: readonly { x: number; y: number }[]): void {
  const { width, height, data, across, down } = logits;
  const columns = Math.min(width, Math.ceil(across));
  const rows = Math.min(height, Math.ceil(down));
  const pieces = piecesOf(data, { width, columns, rows });
  const largest = Math.max(0, ...pieces.filter(({ isInside }) => isInside).map(({ cells }) => cells.length));
  const pointed = new Set(kept.map(({ x, y }) => Math.floor(y) * width + Math.floor(x)));
  for (const { isInside, isAtBorder, cells } of pieces) {
    if (cells.length >= largest * SPECK) continue;
    // Outside, a piece at the image's border is background that the border cuts off.
    if (isInside ? cells.some((cell) => pointed.has(cell)) : isAtBorder) continue;
    for (const cell of cells) data[cell] = isInside ? -BARELY : BARELY;
  }
}

interface Piece {
  isInside: boolean;
  isAtBorder: boolean;
  cells: number[];
}

/** Connected cells that are all inside or all outside. */
function piecesOf(
  data: Float32Array,
  { width, columns, rows }: { width: number; columns: number; rows: number },
): Piece[] {
  const seen = new Uint8Array(data.length);
  const pieces: Piece[] = [];
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const start = y * width + x;
      if (seen[start]) continue;
      const isInside = (data[start] ?? 0) > 0;
      const piece: Piece = { isInside, isAtBorder: false, cells: [start] };
      seen[start] = 1;
      for (let next = 0; next < piece.cells.length; next++) {
        const cell = piece.cells[next] ?? 0;
        const [column, row] = [cell % width, Math.floor(cell / width)];
        if (column === 0 || row === 0 || column === columns - 1 || row === rows - 1) piece.isAtBorder = true;
        const visit = (other: number, isThere: boolean) => {
          if (!isThere || seen[other] || (data[other] ?? 0) > 0 !== isInside) return;
          seen[other] = 1;
          piece.cells.push(other);
        };
        visit(cell - 1, column > 0);
        visit(cell + 1, column < columns - 1);
        visit(cell - width, row > 0);
        visit(cell + width, row < rows - 1);
      }
      pieces.push(piece);
    }
  }
  return pieces;
}
