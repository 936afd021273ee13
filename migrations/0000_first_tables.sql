CREATE TABLE `bug_associations` (
	`signature` text NOT NULL,
	`bug_id` integer NOT NULL,
	PRIMARY KEY(`signature`, `bug_id`)
);
--> statement-breakpoint
CREATE INDEX `bug_associations_bug` ON `bug_associations` (`bug_id`);--> statement-breakpoint
CREATE TABLE `missing_processed_crashes` (
	`crash_id` text PRIMARY KEY NOT NULL,
	`created_at` integer NOT NULL,
	`last_sent_at` integer NOT NULL,
	`processed_at` integer
);
--> statement-breakpoint
CREATE INDEX `missing_processed_crashes_open` ON `missing_processed_crashes` (`processed_at`);--> statement-breakpoint
CREATE TABLE `sessions` (
	`hash` text PRIMARY KEY NOT NULL,
	`email` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `sessions_expires_at` ON `sessions` (`expires_at`);--> statement-breakpoint
CREATE TABLE `signature_changes` (
	`old_signature` text NOT NULL,
	`new_signature` text NOT NULL,
	`crashes` integer NOT NULL,
	`first_at` integer NOT NULL,
	`last_at` integer NOT NULL,
	PRIMARY KEY(`old_signature`, `new_signature`)
);
--> statement-breakpoint
CREATE INDEX `signature_changes_new` ON `signature_changes` (`new_signature`);--> statement-breakpoint
CREATE TABLE `signatures` (
	`signature` text PRIMARY KEY NOT NULL,
	`first_at` integer,
	`first_build` integer,
	`state` text
);
--> statement-breakpoint
CREATE TABLE `tokens` (
	`id` text PRIMARY KEY NOT NULL,
	`hash` text NOT NULL,
	`email` text NOT NULL,
	`permissions` text NOT NULL,
	`note` text DEFAULT '' NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE TABLE `upload_files` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`upload_id` integer NOT NULL,
	`key` text NOT NULL,
	`stored_bytes` integer NOT NULL,
	`original_bytes` integer NOT NULL,
	`compressed` integer NOT NULL,
	`update` integer NOT NULL,
	`debug_file` text,
	`debug_id` text,
	`code_file` text,
	`code_id` text,
	`generator` text,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `upload_files_upload_key` ON `upload_files` (`upload_id`,`key`);--> statement-breakpoint
CREATE INDEX `upload_files_debug` ON `upload_files` (`debug_file`,`debug_id`);--> statement-breakpoint
CREATE INDEX `upload_files_code` ON `upload_files` (`code_file`,`code_id`);--> statement-breakpoint
CREATE TABLE `uploads` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`email` text NOT NULL,
	`filename` text NOT NULL,
	`size_bytes` integer NOT NULL,
	`try_symbols` integer NOT NULL,
	`skipped_keys` text NOT NULL,
	`ignored_keys` text NOT NULL,
	`created_at` integer NOT NULL,
	`completed_at` integer,
	`failed_reason` text,
	`last_sent_at` integer
);
--> statement-breakpoint
CREATE INDEX `uploads_created_at` ON `uploads` (`created_at`);--> statement-breakpoint
CREATE TABLE `users` (
	`email` text PRIMARY KEY NOT NULL,
	`groups` text NOT NULL,
	`active` integer DEFAULT true NOT NULL,
	`created_at` integer NOT NULL
);
