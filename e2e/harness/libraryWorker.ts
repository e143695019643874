/** The model worker without patience: no pause before trying again, and one second of silence at most. */
import { serveLibraryScope } from '../../src/worker/libraryScope';

serveLibraryScope({ wait: async () => {}, stallMs: 1000 });
