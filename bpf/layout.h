/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Kept for the layout: the types of wire.h that no program mentions by name, so that the object's type information has them
 * and scripts/gen-bpf-layout.ts finds them there. The function is called by nobody, hence part of no program that is loaded.
 */
#pragma once

#define KEPT(type) sum += bpf_core_type_id_local(type)

__attribute__((unused)) int galgo_kept_for_the_layout(void)
{
	int sum = 0;

	KEPT(struct galgo_bucket);
	KEPT(struct galgo_what);
	KEPT(struct galgo_object);
	KEPT(struct galgo_creation);
	KEPT(struct galgo_content);
	KEPT(struct galgo_directory);
	KEPT(struct galgo_level);
	KEPT(enum galgo_limits);
	KEPT(enum galgo_hook);
	KEPT(enum galgo_namespace_flags);
	KEPT(enum galgo_rules);
	KEPT(enum galgo_identity);
	KEPT(enum galgo_object_state);
	KEPT(enum galgo_record_flags);
	KEPT(enum galgo_path_flags);
	KEPT(enum galgo_answer_flags);
	KEPT(enum galgo_target_flags);
	KEPT(enum galgo_present);
	KEPT(struct galgo_key_request);
	KEPT(struct galgo_mark);
	return sum;
}
