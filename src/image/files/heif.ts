/**
 * HEIC, by libheif compiled to WebAssembly: sharp and all browsers but Safari come without its codec. It is a separate file,
 * fetched when the first such image is opened.
 */
import type { Size } from '../geometry';
import { createPixels, type Pixels } from '../raster';

export interface HeifPicture extends Size {
  /** Upright, in the image's own colour space, 8 bits a channel. @throws Error if it is damaged */
  decode(): Promise<Pixels>;
  /** Gives its memory back. */
  close(): void;
}

/** Reads the header. @throws Error if it is damaged */
export async function openHeif(bytes: Uint8Array): Promise<HeifPicture> {
  const lib = (await import('libheif-js/libheif-wasm/libheif-bundle.mjs')).default();
  const context = lib.heif_context_alloc();
  try {
    const { code, message } = lib.heif_context_read_from_memory(context, bytes);
    if (code !== lib.heif_error_code.heif_error_Ok) throw new Error(message ?? 'it is damaged');
    const handle = lib.heif_js_context_get_primary_image_handle(context);
    if ('code' in handle) throw new Error(handle.message ?? 'it holds no image');
    const size = {
      width: lib.heif_image_handle_get_width(handle),
      height: lib.heif_image_handle_get_height(handle),
    };
    return {
      ...size,
      async decode() {
        const { heif_colorspace, heif_chroma, heif_channel } = lib;
        const [space, chroma] = [
          heif_colorspace.heif_colorspace_RGB,
          heif_chroma.heif_chroma_interleaved_RGBA,
        ];
        const decoded = await lib.heif_js_decode_image2(handle, space, chroma);
        if ('code' in decoded) throw new Error(decoded.message ?? 'it is damaged');
        try {
          const plane = decoded.channels.find(({ id }) => id === heif_channel.heif_channel_interleaved);
          if (!plane) throw new Error('it holds no image');
          const pixels = createPixels(plane);
          const row = plane.width * 4;
          for (let y = 0; y < plane.height; y++)
            pixels.data.set(plane.data.subarray(y * plane.stride, y * plane.stride + row), y * row);
          return pixels;
        } finally {
          lib.heif_image_release(decoded.image);
        }
      },
      close() {
        lib.heif_image_handle_release(handle);
        lib.heif_context_free(context);
      },
    };
  } catch (error) {
    lib.heif_context_free(context);
    throw error;
  }
}
