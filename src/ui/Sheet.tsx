/** What a dialog's root opens: a sheet over the shaded page, with a button at its corner that closes it. */
import { X } from 'lucide-react';
import { Dialog } from 'radix-ui';
import type { ReactNode } from 'react';

interface SheetProps {
  /** Names the sheet in the style sheets, beside "dialog". */
  kind?: string;
  closeName: string;
  /** Whether a Dialog.Description is among the children. */
  isDescribed?: boolean;
  children: ReactNode;
}

export function Sheet({ kind, closeName, isDescribed = false, children }: SheetProps) {
  return (
    <Dialog.Portal>
      <Dialog.Overlay className="dialog-shade" />
      <Dialog.Content
        className={kind === undefined ? 'dialog' : `dialog ${kind}`}
        {...(!isDescribed && { 'aria-describedby': undefined })}
      >
        {children}
        <Dialog.Close asChild>
          <button type="button" className="icon-button dialog-close" aria-label={closeName}>
            <X size={18} aria-hidden />
          </button>
        </Dialog.Close>
      </Dialog.Content>
    </Dialog.Portal>
  );
}
