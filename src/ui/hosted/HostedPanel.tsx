/** In the side panel: what the hosted API is sent, its key, or your own server instead. */
import { Cloud } from 'lucide-react';
import { isReached } from '../../state/hosted/hosted';
import { offerOf } from '../../state/models/modelCatalogue';
import { useSession, useSettings } from '../base/context';
import { HostedConsent } from './HostedConsent';
import { HostedKey } from './HostedKey';
import { HostedServer } from './HostedServer';
import { hostedNote, useHosted, useHostedState } from './useHosted';
import './hostedPanel.css';

export function HostedPanel() {
  const hosted = useHosted();
  const state = useHostedState((all) => all);
  const reaches = useSettings((settings) => isReached(settings.model_name.trim(), state));
  return (
    <>
      {(state.on || state.maskedKey !== null || state.server !== null || state.always) && (
        <section className="hosted-panel" aria-label="Hosted API">
          <p role="status">
            <Cloud size={16} strokeWidth={1.8} aria-hidden />
            {hostedNote(state)}
          </p>
          {state.on && !reaches && <OtherModel />}
          {state.server === null && <HostedKey />}
          <HostedServer />
          {state.always && (
            <p>
              Runs this device can’t do are sent without asking.
              <button type="button" className="link" onClick={hosted.askAgain}>
                Ask again
              </button>
            </p>
          )}
        </section>
      )}
      <HostedConsent />
    </>
  );
}

/** The chosen model exists only on this device: a click chooses one that others can load. */
function OtherModel() {
  const session = useSession();
  const server = useHostedState((state) => state.server);
  const offer = offerOf('stable-diffusion-v1-5/stable-diffusion-inpainting');
  return (
    <p>
      {server === null ? 'fal.ai' : 'Your server'} can’t use this model. Choose one from Hugging Face.{' '}
      {offer && (
        <button
          type="button"
          className="link"
          onClick={() => session.change({ model_name: offer.model_name })}
        >
          Use {offer.title}
        </button>
      )}
    </p>
  );
}
