export type {
  Disturbance,
  JournalEntry,
  PlantedBuild,
  SimulatedBuild,
  SimulatedDrone,
  SimulatedDroneOptions,
  SimulatedRepository,
  SimulatedStage,
  SimulatedStep,
  SimulatedUser,
} from './options.ts';
export { type Redirect, startRedirector } from './redirector.ts';
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
export type { Wait, WaitAbout } from './wait.ts';
