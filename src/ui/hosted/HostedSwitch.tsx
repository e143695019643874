/** The switch between this device and the hosted API. */
import { Cloud, CloudOff } from 'lucide-react';
import { Switch } from 'radix-ui';
import { useId } from 'react';
import { isCutOff } from '../../state/hosted/hosted';
import { Tooltip } from '../controls/Tooltip';
import { hostedNote, useHosted, useHostedState } from './useHosted';
import './hostedSwitch.css';

export function HostedSwitch() {
  const hosted = useHosted();
  const state = useHostedState((all) => all);
  const id = useId();
  return (
    <Tooltip text={hostedNote(state)}>
      <span className="hosted">
        {isCutOff(state) && <CloudOff size={16} strokeWidth={1.8} aria-hidden />}
        <label htmlFor={id}>Hosted API</label>
        <Switch.Root
          id={id}
          className="switch"
          aria-describedby={`${id}-note`}
          checked={state.on}
          onCheckedChange={hosted.setOn}
        >
          <Switch.Thumb className="switch-thumb" />
        </Switch.Root>
        <span id={`${id}-note`} className="sr-only">
          {hostedNote(state)}
        </span>
      </span>
    </Tooltip>
  );
}

/** Offered when this device can't do a run: turns the switch, whose panel says what is sent and asks for the key. Sends nothing. */
export function HostedOffer({ onTaken }: { onTaken(): void }) {
  const hosted = useHosted();
  const take = () => {
    hosted.setOn(true);
    onTaken();
  };
  return (
    <button type="button" className="link" onClick={take}>
      <Cloud size={14} aria-hidden /> Use the hosted API
    </button>
  );
}
