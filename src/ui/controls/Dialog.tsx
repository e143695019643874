/** What a dialog's root opens: a sheet over the shaded page, with a button at its corner that closes it. */
import { X } from 'lucide-react';
import { Dialog } from 'radix-ui';
import { type ReactNode, useRef } from 'react';
import './dialog.css';

interface SheetProps {
  /** Names the sheet in the style sheets, beside "dialog". */
  kind?: string;
  closeName: string;
  /** Whether a Dialog.Description is among the children. */
  isDescribed?: boolean;
  /** Before Escape closes it. */
  onEscape?(event: KeyboardEvent): void;
  children: ReactNode;
}

export function Sheet({ kind, closeName, isDescribed = false, onEscape, children }: SheetProps) {
  // Radix gives the focus back to a Dialog.Trigger alone; most sheets are opened from elsewhere.
  const opener = useRef<Element>(null);
  return (
    <Dialog.Portal>
      <Dialog.Overlay className="dialog-shade" />
      <Dialog.Content
        onOpenAutoFocus={() => {
          opener.current = document.activeElement;
        }}
        onCloseAutoFocus={(event) => {
          event.preventDefault();
          if (opener.current instanceof HTMLElement) opener.current.focus();
        }}
        {...(onEscape && { onEscapeKeyDown: onEscape })}
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
