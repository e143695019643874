/** Messages about files: while they are dragged, and when a model was chosen as an image. */
import { Box, ImageUp, X } from 'lucide-react';
import type { Files } from './useFiles';
import './fileNotes.css';

export function FileNotes({ dragged, offered, accept, dismiss }: Files) {
  return (
    <>
      {dragged !== null && (
        <div className="drop">
          <ImageUp size={32} strokeWidth={1.5} aria-hidden />
          {dragged}
        </div>
      )}
      {offered && (
        <div className="file-offer" role="alert">
          <p className="note">
            <Box size={17} strokeWidth={1.8} aria-hidden />
            <span>“{offered.name}” is a model, not an image.</span>
            <button type="button" className="button" onClick={accept}>
              Open as a model
            </button>
            <button type="button" className="icon-button" aria-label="Dismiss" onClick={dismiss}>
              <X size={16} aria-hidden />
            </button>
          </p>
        </div>
      )}
    </>
  );
}
