import { App } from 'aws-cdk-lib';
import { StageConfigError } from '../lib/contracts/stage-config.ts';
import { PostroomStack } from './postroom-stack.ts';
import { readStage, StageError } from './stage.ts';

const app = new App();
try {
  const stage = readStage(app.node);
  new PostroomStack(app, stage.name, stage.config);
} catch (error) {
  if (!(error instanceof StageError || error instanceof StageConfigError)) throw error;
  // A stack trace would hide the one thing the reader can act on.
  console.error(error.message);
  process.exit(1);
}
