/** A dialog over the shaded page, with a button at its corner that closes it. */
import { X } from 'lucide-react';
import { Dialog as RadixDialog } from 'radix-ui';
import { type ReactElement, type ReactNode, useRef } from 'react';
import './dialog.css';

/** Names the dialog: each has one. */
export const DialogTitle = RadixDialog.Title;
export const DialogDescription = RadixDialog.Description;

interface DialogProps {
  /** The button that opens it; without one, `open` and `onOpenChange` say when it is open. */
  trigger?: ReactElement;
  open?: boolean;
  onOpenChange?(open: boolean): void;
  /** A class for the style sheets, beside "dialog". */
  kind?: string;
  closeName: string;
  /** Whether a DialogDescription is among the children. */
  isDescribed?: boolean;
  /** What is focused when it opens: its first control, or the dialog itself. */
  focus?: 'first' | 'dialog';
  /** Called before Escape closes it. */
  onEscape?(event: KeyboardEvent): void;
  children: ReactNode;
}

export function Dialog({
  trigger,
  open,
  onOpenChange,
  kind,
  closeName,
  isDescribed = false,
  focus = 'first',
  onEscape,
  children,
}: DialogProps) {
  // Radix returns the focus only to a trigger; most dialogs are opened from elsewhere.
  const opener = useRef<Element>(null);
  return (
    <RadixDialog.Root {...(open !== undefined && { open })} {...(onOpenChange && { onOpenChange })}>
      {trigger && <RadixDialog.Trigger asChild>{trigger}</RadixDialog.Trigger>}
      <RadixDialog.Portal>
        <RadixDialog.Overlay className="dialog-shade" />
        <RadixDialog.Content
          onOpenAutoFocus={(event) => {
            opener.current = document.activeElement;
            if (focus === 'first') return;
            event.preventDefault();
            if (event.currentTarget instanceof HTMLElement) event.currentTarget.focus();
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
          <RadixDialog.Close asChild>
            <button type="button" className="icon-button dialog-close" aria-label={closeName}>
              <X size={18} aria-hidden />
            </button>
          </RadixDialog.Close>
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}
