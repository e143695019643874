/** The items dragged over the page: before the drop the browser tells their kinds, but no names. */

export interface DraggedItem {
  kind: string;
  /** The type that the system gives a file; empty for folders, weights and rarer pictures. */
  type: string;
}

/** The hint while the user drags. */
export function draggedInWords(items: readonly DraggedItem[]): string {
  const files = items.filter(({ kind }) => kind === 'file');
  const pictures = files.filter(({ type }) => type.startsWith('image/'));
  const unknown = files.filter(({ type }) => type === '' || type === 'application/octet-stream');
  if (pictures.length > 0 && unknown.length > 0) return 'Drop the image and the model to open both';
  if (pictures.length > 1) return 'Drop an image and its mask to open them together';
  if (pictures.length === 1) return 'Drop the image to open it';
  // Some browsers give no types before the drop.
  if (files.length === 0 || unknown.length > 0) return 'Drop an image, its mask or a model to open it';
  return 'Only images and models can be opened here';
}
