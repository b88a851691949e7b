import {
  GetEventSourceMappingCommand,
  type LambdaClient,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import type { MappingState } from './intake.ts';
import type { MappingSwitch } from './intake-switch.ts';

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html */
export function lambdaMapping(client: Pick<LambdaClient, 'send'>, uuid: string): MappingSwitch {
  return {
    uuid,
    async state() {
      try {
        const { State } = await client.send(new GetEventSourceMappingCommand({ UUID: uuid }));
        return stateOf(State);
      } catch (error) {
        if (error instanceof Error && error.name === 'ResourceNotFoundException') return 'Missing';
        throw error;
      }
    },
    async setEnabled(Enabled) {
      await client.send(new UpdateEventSourceMappingCommand({ UUID: uuid, Enabled }));
    },
  };
}

/** Creating, Enabling, Disabling, Updating and Deleting pass by themselves. */
function stateOf(state: string | undefined): MappingState {
  return state === 'Enabled' || state === 'Disabled' ? state : 'Transition';
}
