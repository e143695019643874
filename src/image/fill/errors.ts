/** The mask leaves no opaque pixel of the image from which the hole could be filled. */
export class NothingLeftError extends Error {
  override readonly name = 'NothingLeftError';
}
