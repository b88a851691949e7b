import { RemovalPolicy } from 'aws-cdk-lib';
import type { StageConfig } from '../lib/contracts/stage-config.ts';

/** What happens to data when its resource leaves the stack. */
export const removal = ({ protectData }: Pick<StageConfig, 'protectData'>) =>
  protectData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
