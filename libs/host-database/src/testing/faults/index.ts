export { type FaultMatch, type HeldStatements, InjectedFaultError, TestFaults } from './test-faults.js';
