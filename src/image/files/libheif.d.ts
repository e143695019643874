/** What of libheif's binding is used here; the package's own types name another file. */
declare module 'libheif-js/libheif-wasm/libheif-bundle.mjs' {
  /** Objects of the library's own memory, released by hand. */
  type Context = object & { readonly context?: never };
  type Handle = object & { readonly handle?: never };
  interface Failure {
    /** 0, or an object of that value, means no error. */
    code: unknown;
    message?: string;
  }
  interface Decoded {
    image: object;
    channels: { id: unknown; stride: number; width: number; height: number; data: Uint8Array }[];
  }
  interface Libheif {
    heif_error_code: { heif_error_Ok: unknown };
    heif_colorspace: { heif_colorspace_RGB: unknown };
    heif_chroma: { heif_chroma_interleaved_RGBA: unknown };
    heif_channel: { heif_channel_interleaved: unknown };
    heif_context_alloc(): Context;
    heif_context_free(context: Context): void;
    heif_context_read_from_memory(context: Context, bytes: Uint8Array): Failure;
    heif_js_context_get_primary_image_handle(context: Context): Handle | Failure;
    heif_image_handle_release(handle: Handle): void;
    heif_image_handle_get_width(handle: Handle): number;
    heif_image_handle_get_height(handle: Handle): number;
    heif_js_decode_image2(handle: Handle, space: unknown, chroma: unknown): Promise<Decoded | Failure>;
    heif_image_release(image: object): void;
  }
  export default function libheif(): Libheif;
}
