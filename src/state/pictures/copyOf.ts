/** A file's bytes as a file of its own: one of a database may go with its entry. */
export async function copyOf(file: Blob): Promise<Blob> {
  return new Blob([await file.arrayBuffer()], { type: file.type });
}
