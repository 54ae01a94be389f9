export type {
  SimulatedBuild,
  SimulatedDrone,
  SimulatedDroneOptions,
  SimulatedRepository,
  SimulatedUser,
} from './options.ts';
export { startRedirector } from './redirector.ts';
export type {
  CancelMode,
  DroneScenario,
  PlannedBuild,
  StageScenario,
  StepScenario,
  StreamMode,
  TriggerFault,
} from './scenario.ts';
export { startSimulatedDrone } from './server.ts';
export type { Wait } from './wait.ts';
