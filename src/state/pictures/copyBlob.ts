/** A copy of a file: a file from a database may disappear with its entry. */
export async function copyOf(file: Blob): Promise<Blob> {
  return new Blob([await file.arrayBuffer()], { type: file.type });
}
