/** What is dragged over the page, as far as the browser tells before it is dropped: kinds, no names. */

export interface DraggedItem {
  kind: string;
  /** The type that the system gives a file; empty for folders, weights and rarer pictures. */
  type: string;
}

/** What a person reads while they drag. */
export function draggedInWords(items: readonly DraggedItem[]): string {
  const files = items.filter(({ kind }) => kind === 'file');
  const pictures = files.filter(({ type }) => type.startsWith('image/'));
  const unknown = files.filter(({ type }) => type === '' || type === 'application/octet-stream');
  if (pictures.length > 0 && unknown.length > 0) return 'Drop the picture and the model to open both';
  if (pictures.length > 1) return 'Drop a picture and its mask to open them together';
  if (pictures.length === 1) return 'Drop the picture to open it';
  // Some browsers tell nothing before the drop.
  if (files.length === 0 || unknown.length > 0) return 'Drop a picture, its mask or a model to open it';
  return 'Only pictures and models can be opened here';
}
