/** The question before anything is sent; closing it is a no. Without a key it asks for one first. */
import { hasAccess } from '../../state/hosted/hosted';
import { AlertDialog, AlertDialogAction, AlertDialogCancel } from '../controls/AlertDialog';
import { HostedKey } from './HostedKey';
import { useHosted, useHostedState } from './useHosted';

export function HostedConsent() {
  const hosted = useHosted();
  const state = useHostedState((all) => all);
  const { question, hasProxy, server } = state;
  const ready = hasAccess(state);
  return (
    <AlertDialog
      open={question !== null}
      onDismiss={() => hosted.answer('no')}
      title="Send this run to the hosted API?"
      description={
        <>
          <p>This run can’t be done on this device. {question?.reason}</p>
          <p>
            The mask, the area around it and the prompt will be sent to{' '}
            {server ?? `fal.ai, which bills ${hasProxy ? 'this server’s' : 'your'} account`}. LoRAs,
            embeddings, scheduler and strength aren’t available there and will be ignored.
          </p>
        </>
      }
      actions={
        <>
          <AlertDialogCancel className="button">Don’t send</AlertDialogCancel>
          <button type="button" className="button" disabled={!ready} onClick={() => hosted.answer('always')}>
            Always send
          </button>
          <AlertDialogAction
            className="button primary"
            disabled={!ready}
            onClick={() => hosted.answer('once')}
          >
            Send once
          </AlertDialogAction>
        </>
      }
    >
      {!hasProxy && server === null && <HostedKey />}
    </AlertDialog>
  );
}
