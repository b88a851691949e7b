import type { Pluggable } from '@smithy/types';

/**
 * A plug-in for any AWS SDK v3 client: `client.middlewareStack.use(awsCallCounter(count))`. Counts requests as they go
 * out, so that each retry counts, by service and command (`DynamoDB`, `UpdateItem`).
 */
export function awsCallCounter<Input extends object, Output extends object>(
  count: (service: string, command: string) => void,
): Pluggable<Input, Output> {
  return {
    applyToStack(stack) {
      stack.add(
        (next, context) => (request) => {
          count(
            String(context['clientName']).replace(/Client$/, ''),
            String(context['commandName']).replace(/Command$/, ''),
          );
          return next(request);
        },
        // The retry middleware stands before this step: it runs once per try.
        { step: 'deserialize', name: 'countAwsCalls' },
      );
    },
  };
}
