/** The assistant's worker, separate from the engine's: a click never waits for a run, and a run not for a click. */
import '../contract/pageSecurity';
import { serveAssistant } from './assistantScope';

serveAssistant();
